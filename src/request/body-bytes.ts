import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteOn } from '../note.ts';

/** The bytes of a request's body, decoded of their content coding. */
export interface BodyBytes {
  readonly bytes: Buffer;
  /**
   * How `req.body` came from them: by this mount, at once; by a parser whose options we do not know, with others in between that its
   * user vouches for; or by a mount before this one, with others in between that nobody vouches for.
   */
  readonly by: 'us' | 'parser' | 'before';
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

/** For a mount that finds the body read: another one may have read it. */
export function noteRead(req: IncomingMessage): void {
  const body = known.get(req);
  if (body?.by === 'us') known.set(req, { bytes: body.bytes, by: 'before' });
}

export function bytesOf(req: IncomingMessage): BodyBytes | undefined {
  return known.get(req);
}

/** A body with more members is made canonical, in slices: of all its members an outline would be made at once. */
const MAX_OUTLINED = 1_000;

/**
 * What names a body beside the digest of its bytes: nothing, or, where others may have changed `req.body` since, its outline: names,
 * and lengths or values, of its members, which is what a middleware that adds something changes. Undefined where its bytes do not
 * name it.
 */
export function outlineOf({ by }: BodyBytes, body: () => unknown): string | undefined {
  if (by === 'us') return '';
  return by === 'parser' ? outline(body()) : undefined;
}

function outline(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return typeof body;
  const names = Array.isArray(body) && body.length > MAX_OUTLINED ? undefined : Object.keys(body);
  if (names === undefined || names.length > MAX_OUTLINED) return undefined;
  return JSON.stringify(names.map((name) => [name, sizeOf((body as Readonly<Record<string, unknown>>)[name])]));
}

function sizeOf(value: unknown): unknown {
  if (typeof value === 'string') return [value.length];
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
