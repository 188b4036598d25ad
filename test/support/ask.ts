import { once } from 'node:events';
import { request } from 'node:http';
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { rawRequest } from './http.ts';

/** A request of a client; with `json` it is a POST with that body unless `method` says otherwise. */
export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly json?: unknown;
  readonly body?: string | Buffer;
  /** Default: a connection of its own, closed after the answer. */
  readonly agent?: Agent;
}

/** What the client got, its body as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The value of Cache-Status. */
  readonly cacheStatus: string | undefined;
}

/** Sends a request over a socket and resolves when its answer is whole; rejects where the connection breaks before. */
export async function ask(port: number, sent: Sent = {}): Promise<Answer> {
  const [answer] = (await once(send(port, sent), 'response')) as [IncomingMessage];
  return read(answer);
}

/** Sends each request when the one before has been answered. */
export function askInTurn(port: number, requests: readonly Sent[]): Promise<Answer[]> {
  return requests.reduce<Promise<Answer[]>>(async (before, sent) => {
    const answers = await before;
    answers.push(await ask(port, sent));
    return answers;
  }, Promise.resolve([]));
}

/** Sends a request and leaves the rest to the caller, who must listen to its `error` if it is aborted. */
export function send(port: number, sent: Sent = {}): ClientRequest {
  const { path = '/', headers = {}, agent = false } = sent;
  const isJson = 'json' in sent;
  const body = isJson ? JSON.stringify(sent.json) : sent.body;
  const method = sent.method ?? (isJson ? 'POST' : 'GET');
  const type = isJson ? { 'content-type': 'application/json' } : {};
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return request({ host: '127.0.0.1', port, method, path, agent, headers: { ...type, ...length, ...headers } }).end(
    body,
  );
}

async function read(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { statusCode = 0, statusMessage = '', headers, rawHeaders } = answer;
  const cacheStatus = headers['cache-status'] as string | undefined;
  return { status: statusCode, statusMessage, headers, rawHeaders, body, text: body.toString('utf8'), cacheStatus };
}

/** Sends a GET and resolves to every byte of its answer. */
export function askRaw(port: number, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, Connection: 'close', ...headers });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return rawRequest(port, `GET ${path} HTTP/1.1\r\n${head}\r\n`);
}
