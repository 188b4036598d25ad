import type { HeaderField } from '../entry/entry.ts';
import { givenFields } from '../entry/given-fields.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { invalidResponse } from '../errors.ts';
import type { JsonValue } from '../request/ai-request.ts';

/** What `set` and `getOrFill` take: any JSON value, a string, a Buffer, or a whole response. An object whose members are all of `status`, `headers` and `body`, with `body` among them, is a whole response. */
export type GivenResponse =
  | JsonValue
  | Uint8Array
  | { readonly status?: number; readonly headers?: GivenHeaders; readonly body: JsonValue | Uint8Array };
export type GivenHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A response ready to be stored. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  /** The same: what is given is in identity coding. */
  readonly identity: Buffer;
}

/** Reads what a caller gave. Throws AICacheError INVALID_RESPONSE naming the field. */
export function wholeResponseOf(given: unknown): WholeResponse {
  if (!isEnvelope(given)) return withBody(200, [], given);
  const { status = 200, headers = {}, body } = given;
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599)
    throw invalidResponse('status', 'a whole number from 200 to 599');
  return withBody(status as number, givenFields(headers, invalidResponse), body);
}

function isEnvelope(given: unknown): given is { status?: unknown; headers?: unknown; body: unknown } {
  if (typeof given !== 'object' || given === null || given instanceof Uint8Array) return false;
  return (
    Object.hasOwn(given, 'body') && Object.keys(given).every((name) => ['status', 'headers', 'body'].includes(name))
  );
}

function withBody(status: number, headers: readonly HeaderField[], given: unknown): WholeResponse {
  if (fieldOf(headers, 'content-encoding') !== undefined)
    throw invalidResponse('headers.content-encoding', 'absent, with the body decoded');
  const { body, type } = bytesOf(given);
  const typed =
    fieldOf(headers, 'content-type') === undefined ? [...headers, ['Content-Type', type] as const] : headers;
  return { status, headers: typed, body, identity: body };
}

function bytesOf(given: unknown): { body: Buffer; type: string } {
  if (given instanceof Uint8Array) return { body: Buffer.from(given), type: 'application/octet-stream' };
  if (typeof given === 'string') return { body: Buffer.from(given, 'utf8'), type: 'text/plain; charset=utf-8' };
  return { body: Buffer.from(jsonOf(given), 'utf8'), type: 'application/json; charset=utf-8' };
}

function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  if (text === undefined) throw invalidResponse('body', 'a JSON value, a string or a Buffer');
  return text;
}
