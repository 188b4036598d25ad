import createError from 'http-errors';
import type { Request } from 'express';
import { noteOn } from '../note.ts';

/** The bytes of a JSON body and, from when it is first asked for, what they mean. */
export class LazyJson {
  readonly bytes: Buffer;
  #parsed: { readonly value: unknown } | { readonly error: Error } | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** As `express.json()` reads it: an object or an array; nothing at all is `{}`. Throws an error with `status` 400 for anything else. */
  value(): unknown {
    this.#parsed ??= parsed(this.bytes);
    if ('error' in this.#parsed) throw this.#parsed.error;
    return this.#parsed.value;
  }
}

const bodies = noteOn<Request, LazyJson>();

/** The same functions for all requests: V8 would make a hidden class for each request that has its own. */
const BODY: PropertyDescriptor & ThisType<Request> = {
  configurable: true,
  enumerable: true,
  get() {
    const value = jsonOf(this)?.value();
    Object.defineProperty(this, 'body', own(value));
    return value;
  },
  set(value: unknown) {
    Object.defineProperty(this, 'body', own(value));
  },
};

/** The mark by which body-parser 1 (Express 4) knows a body that has been read. */
const READ = Object.freeze(own(true));

/** Also of an object that inherits from the request. */
function jsonOf(req: Request): LazyJson | undefined {
  for (let holder: unknown = req; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const json = bodies.get(holder as Request);
    if (json !== undefined) return json;
  }
  return undefined;
}

/** Puts it where handlers and parsers look for it: `req.body`, parsed when it is first read. */
export function giveBody(req: Request, json: LazyJson): void {
  bodies.set(req, json);
  Object.defineProperty(req, 'body', BODY);
  Object.defineProperty(req, '_body', READ);
}

function own(value: unknown): PropertyDescriptor {
  return { value, configurable: true, enumerable: true, writable: true };
}

function parsed(bytes: Buffer): { readonly value: unknown } | { readonly error: Error } {
  const text = bytes.toString('utf8', startsWithMark(bytes) ? 3 : 0);
  if (text.length === 0) return { value: {} };
  try {
    const first = /[^\x20\t\n\r]/.exec(text)?.[0];
    if (first === '{' || first === '[') return { value: JSON.parse(text) as unknown };
    throw new SyntaxError(`Unexpected token ${first ?? ''}, a JSON body is an object or an array`);
  } catch (error) {
    return { error: createError(400, error as Error, { body: text, type: 'entity.parse.failed' }) };
  }
}

/** Of byte order. */
function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
