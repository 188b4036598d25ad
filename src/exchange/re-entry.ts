import type { Request } from 'express';
import { duplexPair, type Duplex } from 'node:stream';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { bytesOf } from '../request/body-bytes.ts';

/** Headers that would make the answer a partial, an empty or a coded one, or that belong to the first connection. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'accept-encoding',
  'connection',
  'keep-alive',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'upgrade',
  // The refresh is a trace of its own, linked to its cause.
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
]);

/** A request as it can be sent again. */
export interface RecordedRequest {
  readonly server: Server;
  /** Its server takes connections that are decrypted already. */
  readonly isSecure: boolean;
  /** What an application may ask of its socket, as the first one had it. */
  readonly socketMembers: Readonly<Record<string, unknown>>;
  readonly head: string;
  readonly body: Buffer;
}

/** Records a request to send it again, or says why it cannot be: its server is out of reach, or its body cannot be written again. */
export function recordRequest(req: Request): RecordedRequest | string {
  const socket = req.socket as Socket & Partial<TLSSocket> & { readonly server?: Server };
  if (socket.server === undefined) return 'the server of the request is out of reach';
  const body = bodyAgain(req);
  if (body === undefined) return 'its body is of a kind that cannot be written again';
  const isSecure = socket.encrypted === true;
  return { server: socket.server, isSecure, socketMembers: membersOf(socket), head: headOf(req, body), body };
}

/**
 * Sends a recorded request through the server that received it, over an in-memory connection (DESIGN D14): the application's own
 * stack answers, nothing goes over the network. `mark` is told the connection's socket, as `req.socket` will be; `signal` ends
 * the connection. Resolves to the answer's status when it is over; what else it says is the cache's to record.
 */
export async function sendAgain(
  request: RecordedRequest,
  mark: (socket: Duplex) => void,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const [client, side] = duplexPair();
  let status: number | undefined;
  try {
    for (const [name, value] of Object.entries(request.socketMembers)) {
      Object.defineProperty(side, name, { value, configurable: true, writable: true });
    }
    mark(side);
    request.server.emit(request.isSecure ? 'secureConnection' : 'connection', side);
    client.write(request.head, 'latin1');
    client.write(request.body);
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const event of ['close', 'end', 'error']) client.once(event, () => resolve());
    side.once('close', () => resolve());
    signal?.addEventListener('abort', () => resolve(), { once: true });
    client.once('data', (first: Buffer) => (status = statusIn(first)));
    client.resume();
    if (signal?.aborted !== true) await promise;
    return status;
  } finally {
    client.destroy();
    side.destroy();
  }
}

/** Of a status line, `HTTP/1.1 200 OK`. */
function statusIn(bytes: Buffer): number | undefined {
  const digits = /^HTTP\/1\.1 (\d{3}) /.exec(bytes.toString('latin1', 0, 13))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const ADDRESSES = [
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'localAddress',
  'localPort',
  'encrypted',
  'authorized',
] as const;

/** Calls that set what an in-memory connection does not have; each returns the socket, as Node's do. */
const SETTERS = ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const;

/** Questions about the connection, answered now: the first socket may be gone when they are asked again. */
const QUESTIONS = ['address', 'getPeerX509Certificate', 'getPeerCertificate', 'getCipher', 'getProtocol'] as const;

function accept(this: Duplex): Duplex {
  return this;
}

/** What an in-memory connection must have beside its addresses. */
export const SETTABLE: Readonly<Record<string, unknown>> = Object.freeze(
  Object.fromEntries(SETTERS.map((name) => [name, accept])),
);

function membersOf(socket: Socket & Partial<TLSSocket>): Record<string, unknown> {
  const members: Record<string, unknown> = { ...SETTABLE };
  for (const name of ADDRESSES) members[name] = socket[name];
  for (const name of QUESTIONS) {
    const ask = socket[name] as (() => unknown) | undefined;
    if (ask === undefined) continue;
    const answer = ask.call(socket);
    members[name] = () => answer;
  }
  return members;
}

function headOf(req: Request, body: Buffer): string {
  const fields: [string, string][] = [];
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2) {
    fields.push([req.rawHeaders[index] as string, req.rawHeaders[index + 1] as string]);
  }
  const hadLength = req.headers['content-length'] !== undefined || body.length > 0;
  return headText(`${req.method} ${req.originalUrl}`, fields, hadLength ? body.length : undefined);
}

/** The head of a request for an in-memory connection, without the fields that belong to another one. */
export function headText(
  target: string,
  fields: readonly (readonly [name: string, value: string])[],
  contentLength: number | undefined,
): string {
  const lines = [`${target} HTTP/1.1`];
  for (const [name, value] of fields) if (!LEFT_OUT.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  if (contentLength !== undefined) lines.push(`Content-Length: ${contentLength}`);
  lines.push('Connection: close', '', '');
  return lines.join('\r\n');
}

/** The parsed body as its parser would read it again. */
function bodyAgain(req: Request): Buffer | undefined {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = req.headers;
  const hasBody = Number(length) > 0 || coding !== undefined;
  if (!hasBody) return Buffer.alloc(0);
  const { bytes } = bytesOf(req) ?? {};
  if (bytes !== undefined) return bytes;
  const body: unknown = req.body;
  if (Buffer.isBuffer(body)) return body;
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return Buffer.from(JSON.stringify(body) ?? '');
  return typeof body === 'string' ? Buffer.from(body) : undefined;
}
