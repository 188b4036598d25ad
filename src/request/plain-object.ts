import type { JsonObject } from './ai-request.ts';

/**
 * Is this an object such as JSON.parse makes: prototype Object.prototype (of any realm) or none, no symbols as keys, no toJSON?
 * Members that are not enumerable do not count, as in JSON.stringify.
 */
export function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && whyNotPlain(value) === undefined;
}

/** Why an object is not plain; undefined where it is. */
export function whyNotPlain(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isForeignObjectPrototype(prototype as object)) {
    return 'it is an instance of a class';
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return 'it has symbols as keys';
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return 'it has a toJSON function';
  return undefined;
}

// Test runners and vm contexts bring an Object.prototype of their own; a bare prototype with inheritable members is not one.
function isForeignObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}
