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
 * stack answers, nothing goes over the network. `mark` is told the connection's socket, as `req.socket` will be.
 * Resolves when the answer is over; what it says is the cache's to record.
 */
export async function sendAgain(request: RecordedRequest, mark: (socket: Duplex) => void): Promise<void> {
  const [client, side] = duplexPair();
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
    client.resume();
    await promise;
  } finally {
    client.destroy();
    side.destroy();
  }
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

function membersOf(socket: Socket & Partial<TLSSocket>): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const name of ADDRESSES) members[name] = socket[name];
  for (const name of SETTERS) members[name] = accept;
  for (const name of QUESTIONS) {
    const ask = socket[name] as (() => unknown) | undefined;
    if (ask === undefined) continue;
    const answer = ask.call(socket);
    members[name] = () => answer;
  }
  return members;
}

function headOf(req: Request, body: Buffer): string {
  const lines = [`${req.method} ${req.originalUrl} HTTP/1.1`];
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index] as string;
    if (!LEFT_OUT.has(name.toLowerCase())) lines.push(`${name}: ${req.rawHeaders[index + 1] as string}`);
  }
  const hadLength = req.headers['content-length'] !== undefined || body.length > 0;
  if (hadLength) lines.push(`Content-Length: ${body.length}`);
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
