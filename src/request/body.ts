import type { Request } from 'express';
import type { JsonObject, JsonValue } from './ai-request.ts';
import { isPlainObject } from './plain-object.ts';

/** The body as far as it can be keyed. */
export type RequestBody =
  | { readonly form: 'none' }
  /** A JSON object, or the fields of a form (application/x-www-form-urlencoded). */
  | { readonly form: 'object'; readonly value: JsonObject }
  /** A JSON array, number, boolean or null. */
  | { readonly form: 'json'; readonly value: JsonValue }
  | { readonly form: 'text'; readonly value: string }
  | { readonly form: 'bytes'; readonly value: Buffer }
  | UnkeyableBody;

/** `multipart`: files are not in the body; `not-parsed`: no parser has read it; `not-json`: a parser made it an object with a class. */
export interface UnkeyableBody {
  readonly form: 'unkeyable';
  readonly reason: 'multipart' | 'not-parsed' | 'not-json';
}

const NOT_JSON = Symbol('not JSON');

/** What body-parser 1 sets on a request whose body it has read. */
const PARSED_MARK = '_body';

/**
 * What a handler can read of the request's body.
 *
 * A body on the wire counts only where a parser has read it to its end: body-parser 1 (Express 4) leaves `{}` as `req.body` of
 * every body that it did not parse, so that all prompts sent as text would be one request.
 *
 * What tells the forms of one text apart is the Content-Type, which is keyed, and `form`: a string or bytes never read as an object.
 */
export function bodyOf(req: Request): RequestBody {
  if (isMultipart(req)) return unkeyable('multipart');
  const value = valueOf(req);
  if (value === NOT_JSON) return unkeyable('not-json');
  if (hasPayload(req)) {
    if (value === undefined || !wasParsed(req, value)) return unkeyable('not-parsed');
  } else if (value === undefined || isEmptyObject(value)) {
    return { form: 'none' };
  }
  return formOf(value);
}

/** `req.body` parses where the cache has read the bytes itself, and whoever goes on with the request will tell that it cannot. */
function valueOf(req: Request): unknown {
  try {
    return req.body;
  } catch {
    return NOT_JSON;
  }
}

/** Neither a body on the wire nor one that somebody has put there. */
export function isWithoutBody(req: Request): boolean {
  if (hasPayload(req)) return false;
  const value = valueOf(req);
  return value === undefined || isEmptyObject(value);
}

function formOf(value: unknown): RequestBody {
  if (typeof value === 'string') return { form: 'text', value };
  if (value instanceof Uint8Array) return { form: 'bytes', value: asBuffer(value) };
  if (value === null || Array.isArray(value) || typeof value === 'number' || typeof value === 'boolean') {
    return { form: 'json', value: value as JsonValue };
  }
  return isPlainObject(value) ? { form: 'object', value } : unkeyable('not-json');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unkeyable(reason: UnkeyableBody['reason']): UnkeyableBody {
  return { form: 'unkeyable', reason };
}

function isMultipart(req: Request): boolean {
  return req.headers['content-type']?.trimStart().toLowerCase().startsWith('multipart/') === true;
}

/** Does a body follow the head (RFC 9112 §6.3)? HTTP/2 needs no header to say so (RFC 9113 §8.1.1). */
export function hasPayload(req: Request): boolean {
  const { 'transfer-encoding': coding, 'content-length': length } = req.headers;
  if (coding !== undefined) return true;
  if (length !== undefined) return Number(length) !== 0;
  const { stream } = req as { stream?: { endAfterHeaders?: boolean } };
  return req.httpVersionMajor >= 2 && stream?.endAfterHeaders !== true;
}

/** body-parser 1 marks what it has parsed; body-parser 2 and others set `req.body`, which was undefined, at the body's end. */
function wasParsed(req: Request, value: unknown): boolean {
  if ((req as { [PARSED_MARK]?: unknown })[PARSED_MARK] === true) return true;
  if (!req.readableEnded) return false;
  return !isEmptyObject(value) || isBracesOnly(req);
}

/** An empty object that nobody marked as parsed is believed where the body is JSON of just two bytes. */
function isBracesOnly({ headers }: Request): boolean {
  return headers['content-length'] === '2' && /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
}

function isEmptyObject(value: unknown): boolean {
  return isPlainObject(value) && Object.keys(value).length === 0;
}
