import type { Request } from 'express';
import { duplexPair, type Duplex } from 'node:stream';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

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
]);

/** What of a socket the application may have read. */
const ADDRESSES = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'encrypted'] as const;

/** A request as it can be sent again. */
export interface RecordedRequest {
  readonly server: Server;
  readonly isSecure: boolean;
  readonly addresses: Partial<Record<(typeof ADDRESSES)[number], unknown>>;
  readonly head: string;
  readonly body: Buffer;
}

/** Records a request to send it again; undefined where its server is out of reach or its body cannot be written again. */
export function recordRequest(req: Request): RecordedRequest | undefined {
  const socket = req.socket as (Socket | TLSSocket) & { readonly server?: Server };
  const body = bodyAgain(req);
  if (socket.server === undefined || body === undefined) return undefined;
  const addresses = Object.fromEntries(ADDRESSES.map((name) => [name, (socket as Partial<TLSSocket>)[name]]));
  return { server: socket.server, isSecure: (socket as Partial<TLSSocket>).encrypted === true, addresses, head: headOf(req, body), body };
}

/**
 * Sends a recorded request through the server that received it, over an in-memory connection (DESIGN D14): the application's own
 * stack answers, nothing goes over the network. `mark` is told the connection's socket, as `req.socket` will be.
 * Resolves when the answer is over; what it says is the cache's to record.
 */
export async function sendAgain(request: RecordedRequest, mark: (socket: Duplex) => void): Promise<void> {
  const [client, side] = duplexPair();
  for (const [name, value] of Object.entries(request.addresses)) {
    Object.defineProperty(side, name, { value, configurable: true });
  }
  mark(side);
  request.server.emit(request.isSecure ? 'secureConnection' : 'connection', side);
  client.write(request.head, 'latin1');
  client.write(request.body);
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once('close', resolve);
  client.once('end', resolve);
  client.once('error', () => resolve());
  client.resume();
  await promise;
  client.destroy();
}

function headOf(req: Request, body: Buffer): string {
  const lines = [`${req.method} ${req.originalUrl} HTTP/1.1`];
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index] as string;
    if (!LEFT_OUT.has(name.toLowerCase())) lines.push(`${name}: ${req.rawHeaders[index + 1] as string}`);
  }
  if (body.length > 0) lines.push(`Content-Length: ${body.length}`);
  lines.push('Connection: close', '', '');
  return lines.join('\r\n');
}

/** The parsed body as its parser would read it again. */
function bodyAgain(req: Request): Buffer | undefined {
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
  if (!hasBody) return Buffer.alloc(0);
  const body: unknown = req.body;
  if (Buffer.isBuffer(body)) return body;
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return Buffer.from(JSON.stringify(body) ?? '');
  return typeof body === 'string' ? Buffer.from(body) : undefined;
}
