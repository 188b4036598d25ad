import createError from 'http-errors';
import type { Request } from 'express';

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

/** Puts it where handlers and parsers look for it: `req.body`, parsed when it is first read. */
export function giveBody(req: Request, json: LazyJson): void {
  Object.defineProperty(req, 'body', {
    configurable: true,
    enumerable: true,
    get(this: Request) {
      const value = json.value();
      Object.defineProperty(req, 'body', own(value));
      return value;
    },
    set(value: unknown) {
      Object.defineProperty(req, 'body', own(value));
    },
  });
  // The mark by which body-parser 1 (Express 4) knows a body that has been read.
  Object.defineProperty(req, '_body', own(true));
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
