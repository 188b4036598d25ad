import { unkeyableValue } from '../errors.ts';
import type { JsonValue } from './ai-request.ts';
import { whyNotPlain } from './plain-object.ts';

/** Arrays and objects may be nested this deep; JSON.parse itself has no such bound, a stack has. */
export const MAX_DEPTH = 500;

/**
 * The one JSON text of a JSON value: two values have the same text exactly when they are equal, member order aside.
 *
 * Members of objects are sorted by name (UTF-16 code units, as RFC 8785 §3.2.3 does), those that are undefined are absent; the
 * order of arrays is kept; `-0` is not `0`; lone surrogates are escaped. As with JSON.stringify, members that are not enumerable
 * and named members of arrays do not count, and an object met twice is written twice.
 *
 * Throws AICacheError `UNKEYABLE`, naming the reason and the place, on a cycle, a bigint, a function, a symbol, undefined or a
 * hole in an array, NaN and infinities, an integer that is not safe (JSON.parse has lost its digits), an instance of a class
 * (Date, Map, Buffer, …), an object with toJSON or with symbols as keys, and more than {@link MAX_DEPTH} levels.
 *
 * @param name What the value is called in an error: the first part of the path.
 */
export function canonicalJson(value: JsonValue, name = 'value'): string {
  return new CanonicalWriter(name, value).write(value);
}

class CanonicalWriter {
  readonly #name: string;
  readonly #root: unknown;
  /** Where the writer is: names of members and places in arrays. Its length is the depth. */
  readonly #path: (string | number)[] = [];

  constructor(name: string, root: unknown) {
    this.#name = name;
    this.#root = root;
  }

  write(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return quoted(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'object':
        if (value === null) return 'null';
        if (this.#path.length >= MAX_DEPTH) throw this.#unkeyable(this.#whyTooDeep());
        return Array.isArray(value) ? this.#array(value) : this.#object(value as Record<string, unknown>);
      default:
        throw this.#unkeyable(typeof value === 'undefined' ? 'it is undefined' : `it is a ${typeof value}`);
    }
  }

  #number(value: number): string {
    if (!Number.isFinite(value)) throw this.#unkeyable('it is not a finite number');
    if (!Number.isInteger(value)) return String(value);
    if (!Number.isSafeInteger(value)) throw this.#unkeyable('it is an integer too large to be exact');
    return Object.is(value, -0) ? '-0' : String(value);
  }

  #array(items: readonly unknown[]): string {
    // The prototype of arrays is an array itself, in every realm; that of a subclass is not.
    if (!Array.isArray(Object.getPrototypeOf(items))) throw this.#unkeyable('it is an instance of a class');
    let text = '[';
    for (let index = 0; index < items.length; index += 1) {
      this.#path.push(index);
      text += index === 0 ? this.write(items[index]) : `,${this.write(items[index])}`;
      this.#path.pop();
    }
    return `${text}]`;
  }

  #object(members: Readonly<Record<string, unknown>>): string {
    const reason = whyNotPlain(members);
    if (reason !== undefined) throw this.#unkeyable(reason);
    let text = '{';
    let separator = '';
    for (const name of sortedNames(members)) {
      const value = members[name];
      if (value === undefined) continue;
      this.#path.push(name);
      text += `${separator}${quoted(name)}:${this.write(value)}`;
      this.#path.pop();
      separator = ',';
    }
    return `${text}}`;
  }

  /** A cycle always ends here, so that only here somebody has to look for one. */
  #whyTooDeep(): string {
    const seen = new Set<unknown>();
    let value = this.#root;
    for (const step of this.#path) {
      if (seen.has(value)) return 'it contains itself';
      seen.add(value);
      value = (value as Record<string | number, unknown>)[step];
    }
    return `it is nested deeper than ${MAX_DEPTH} levels`;
  }

  #unkeyable(reason: string): Error {
    return unkeyableValue(shownPath(this.#name, this.#path), reason);
  }
}

function sortedNames(members: object): string[] {
  const names = Object.keys(members);
  for (let index = 1; index < names.length; index += 1) {
    if ((names[index - 1] as string) > (names[index] as string)) return names.toSorted();
  }
  return names;
}

/** As JSON.stringify; short plain text, such as most names, is cheaper to look through here than to hand over. */
function quoted(text: string): string {
  if (text.length > 32) return JSON.stringify(text);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const isPlain = unit >= 0x20 && unit <= 0x7e && unit !== 0x22 && unit !== 0x5c;
    if (!isPlain) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** Names that could be data of a user, not names of fields, are not repeated. */
function shownPath(name: string, path: readonly (string | number)[]): string {
  const shown = path.slice(0, 8).map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[A-Za-z_$][\w$-]{0,39}$/.test(step) ? `.${step}` : '[…]';
  });
  return `${name}${shown.join('')}${path.length > shown.length ? '…' : ''}`;
}
