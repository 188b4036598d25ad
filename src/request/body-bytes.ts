import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteOn } from '../note.ts';

/** The bytes of a request's body, decoded of their content coding. */
export interface BodyBytes {
  readonly bytes: Buffer;
  /** How `req.body` came from them: by ourselves, at once; or by a parser whose options we do not know, with others in between. */
  readonly by: 'us' | 'parser';
}

const known = noteOn<IncomingMessage, BodyBytes>();

/**
 * For `express.json({ verify: digestBody })`: lets the cache know the bytes of the body, so that equal bytes find their entry
 * without canonical JSON. Only where no middleware between the parser and the cache changes `req.body`, and where the parsers of
 * all mounts of a cache have the same `reviver`.
 *
 * @example
 * app.post('/api/ask', express.json({ verify: digestBody }), aiCache(), ask);
 */
export function digestBody(req: IncomingMessage, _res: ServerResponse, bytes: Buffer): void {
  known.set(req, { bytes, by: 'parser' });
}

export function noteBytes(req: IncomingMessage, bytes: Buffer): void {
  known.set(req, { bytes, by: 'us' });
}

export function bytesOf(req: IncomingMessage): BodyBytes | undefined {
  return known.get(req);
}

/**
 * Names a body by the digest of its bytes. Where others may have changed `req.body` since, by its outline too: names, and lengths or values, of
 * its members, which is what a middleware that adds something changes.
 */
export function bodyName({ by }: BodyBytes, digest: string, body: () => unknown): string {
  return by === 'us' ? digest : `${digest} ${outline(body())}`;
}

function outline(body: unknown): string {
  if (typeof body !== 'object' || body === null) return typeof body;
  return JSON.stringify(Object.entries(body).map(([name, value]: [string, unknown]) => [name, sizeOf(value)]));
}

function sizeOf(value: unknown): unknown {
  if (typeof value === 'string') return [value.length];
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
