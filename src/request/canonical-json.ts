import { unkeyableValue } from '../errors.ts';
import type { Sliced } from '../in-turns.ts';
import type { JsonValue } from './ai-request.ts';
import { whyNotPlain } from './plain-object.ts';

/** Arrays and objects may be nested this deep; JSON.parse itself has no such bound, a stack has. */
export const MAX_DEPTH = 500;

/** UTF-16 units: numbers take the longest, about 2 ms for so many. */
export const SLICE_LENGTH = 262_144;

/**
 * The one JSON text of a JSON value, in slices of about {@link SLICE_LENGTH} characters: two values have the same text exactly when they are equal, member order aside.
 *
 * Members of objects are sorted by name (UTF-16 code units, as RFC 8785 §3.2.3 does), those that are undefined are absent; the
 * order of arrays is kept; `-0` is not `0`; lone surrogates are escaped. As with JSON.stringify, members that are not enumerable
 * and named members of arrays do not count, and an object met twice is written twice.
 *
 * Throws AICacheError `UNKEYABLE`, naming the reason and the place, on a cycle, a bigint, a function, a symbol, undefined or a
 * hole in an array, NaN and infinities, an integer that is not safe (JSON.parse has lost its digits), an instance of a class
 * (Date, Map, Buffer, …), an object with toJSON or with symbols as keys, and more than {@link MAX_DEPTH} levels.
 *
 * @param value Must not change meanwhile.
 * @param name What the value is called in an error: the first part of the path.
 */
export function* canonicalSlices(value: JsonValue, name = 'value'): Sliced<string> {
  const writer = new CanonicalWriter(name, value);
  while (!writer.writeSome(SLICE_LENGTH)) yield;
  return writer.text;
}

/** An array or object that is being written. */
interface Open {
  readonly value: Readonly<Record<string | number, unknown>>;
  /** Of the members of an object, in order. */
  readonly names: readonly string[] | undefined;
  readonly length: number;
  /** The place of the next item or member. */
  next: number;
  /** Nothing has been written of it. */
  isEmpty: boolean;
}

class CanonicalWriter {
  readonly #name: string;
  readonly #open: Open[] = [];
  #text = '';

  constructor(name: string, root: unknown) {
    this.#name = name;
    this.#write(root);
  }

  get text(): string {
    return this.#text;
  }

  /** Goes on until so many characters more are written. Returns whether all is. */
  writeSome(characters: number): boolean {
    const enough = this.#text.length + characters;
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      if (this.#text.length >= enough) return false;
      if (open.next < open.length) this.#writeNext(open);
      else {
        this.#text += open.names === undefined ? ']' : '}';
        this.#open.pop();
      }
    }
    return true;
  }

  #writeNext(open: Open): void {
    const { names, next } = open;
    open.next += 1;
    if (names === undefined) {
      if (next > 0) this.#text += ',';
      return this.#write(open.value[next]);
    }
    const name = names[next] as string;
    const value = open.value[name];
    if (value === undefined) return;
    this.#text += open.isEmpty ? `${quoted(name)}:` : `,${quoted(name)}:`;
    open.isEmpty = false;
    this.#write(value);
  }

  /** Of an array or object no more than its beginning. */
  #write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text += quoted(value);
        return;
      case 'number':
        this.#text += this.#number(value);
        return;
      case 'boolean':
        this.#text += value ? 'true' : 'false';
        return;
      case 'object':
        if (value === null) this.#text += 'null';
        else this.#enter(value);
        return;
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

  #enter(value: object): void {
    if (this.#open.length >= MAX_DEPTH) throw this.#unkeyable(this.#whyTooDeep(value));
    const members = value as Open['value'];
    if (Array.isArray(value)) {
      // The prototype of arrays is an array itself, in every realm; that of a subclass is not.
      if (!Array.isArray(Object.getPrototypeOf(value))) throw this.#unkeyable('it is an instance of a class');
      this.#text += '[';
      this.#open.push({ value: members, names: undefined, length: value.length, next: 0, isEmpty: true });
      return;
    }
    const reason = whyNotPlain(value);
    if (reason !== undefined) throw this.#unkeyable(reason);
    const names = sortedNames(value);
    this.#text += '{';
    this.#open.push({ value: members, names, length: names.length, next: 0, isEmpty: true });
  }

  /** A cycle always ends here, so that only here somebody has to look for one. */
  #whyTooDeep(value: object): string {
    const isCycle = new Set<unknown>(this.#open.map((open) => open.value)).add(value).size <= this.#open.length;
    return isCycle ? 'it contains itself' : `it is nested deeper than ${MAX_DEPTH} levels`;
  }

  #unkeyable(reason: string): Error {
    const path = this.#open.map(({ names, next }) => (names === undefined ? next - 1 : (names[next - 1] as string)));
    return unkeyableValue(shownPath(this.#name, path), reason);
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
