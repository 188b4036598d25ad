import type { Sliced } from '../../in-turns.ts';
import { LISTS } from './answer-facts.ts';
import { escapeEnd, numberEnd, wordAt } from './json-tokens.ts';

/** So many bytes take 1 to 4 ms. */
const SLICE_BYTES = 262_144;

/** Deeper than anything that an answer says of itself. */
const MAX_KEPT_DEPTH = 8;

/** A longer text is this one in an outline: that it is there says all. */
const LONG_TEXT = '…';
const MAX_KEPT_TEXT_BYTES = 4_096;

/** What may come next; `end`: of the array or object that is open. */
type Expected = 'value' | 'value-or-end' | 'name' | 'name-or-end' | 'colon' | 'comma-or-end' | 'nothing';

/** An array or object whose end has not come. */
interface Open {
  /** Undefined where nothing of it is kept. */
  readonly kept: unknown[] | Record<string, unknown> | undefined;
  readonly isArray: boolean;
  /** An array of which every array and object is kept. */
  readonly isList: boolean;
  /** Of the member that comes next. */
  name: string;
}

/**
 * What JSON.parse makes of these bytes, without what fills them, in slices: a long text is a short one, of an array there is the
 * first item, of a member that is one of {@link LISTS} the arrays and objects too, and below {@link MAX_KEPT_DEPTH} levels those are
 * empty. Undefined exactly where JSON.parse throws.
 */
export function* jsonOutline(bytes: Buffer): Sliced<unknown> {
  const reader = new OutlineReader(bytes);
  while (reader.readSome(SLICE_BYTES)) yield;
  return reader.outline();
}

class OutlineReader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #open: Open[] = [];
  #expected: Expected = 'value';
  #root: unknown;
  #isBroken = false;
  /** Where the text begins that is being read; -1: none is. */
  #textAt = -1;
  /** It is the same in every encoding. */
  #isPlain = true;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes on for about so many bytes. Returns whether there are more. */
  readSome(count: number): boolean {
    const enough = this.#at + count;
    while (this.#at < this.#bytes.length && !this.#isBroken) {
      if (this.#at >= enough) return true;
      if (this.#textAt >= 0) this.#readText(enough);
      else this.#readToken();
    }
    return false;
  }

  outline(): unknown {
    return this.#isBroken || this.#expected !== 'nothing' ? undefined : this.#root;
  }

  #readToken(): void {
    switch (this.#bytes[this.#at]) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        this.#at += 1;
        return;
      case 0x22:
        return this.#beginText();
      case 0x2c:
        return this.#step('comma-or-end', this.#open.at(-1)?.isArray === true ? 'value' : 'name');
      case 0x3a:
        return this.#step('colon', 'value');
      case 0x5b:
        return this.#enter([]);
      case 0x5d:
        return this.#leave(true);
      case 0x7b:
        return this.#enter({});
      case 0x7d:
        return this.#leave(false);
      default:
        return this.#readScalar();
    }
  }

  #step(expected: Expected, next: Expected): void {
    this.#isBroken = this.#expected !== expected;
    this.#expected = next;
    this.#at += 1;
  }

  #takesValue(): boolean {
    return this.#expected === 'value' || this.#expected === 'value-or-end';
  }

  #enter(made: unknown[] | Record<string, unknown>): void {
    if (!this.#takesValue()) this.#isBroken = true;
    const isArray = Array.isArray(made);
    const isKept = this.#keeps('container');
    if (isKept) this.#put(made);
    const kept = isKept && this.#open.length < MAX_KEPT_DEPTH ? made : undefined;
    this.#open.push({ kept, isArray, isList: isArray && LISTS.has(this.#open.at(-1)?.name), name: '' });
    this.#expected = isArray ? 'value-or-end' : 'name-or-end';
    this.#at += 1;
  }

  #leave(isArray: boolean): void {
    const empty = isArray ? 'value-or-end' : 'name-or-end';
    const mayEnd = this.#expected === 'comma-or-end' || this.#expected === empty;
    if (!mayEnd || this.#open.pop()?.isArray !== isArray) this.#isBroken = true;
    this.#valueEnded();
    this.#at += 1;
  }

  #valueEnded(): void {
    this.#expected = this.#open.length === 0 ? 'nothing' : 'comma-or-end';
  }

  #beginText(): void {
    if (!this.#takesValue() && this.#expected !== 'name' && this.#expected !== 'name-or-end') this.#isBroken = true;
    this.#at += 1;
    this.#textAt = this.#at;
    this.#isPlain = true;
  }

  /** To its end, or to where it is enough for now. */
  #readText(enough: number): void {
    const bytes = this.#bytes;
    const last = Math.min(enough, bytes.length);
    let at = this.#at;
    while (at < last) {
      const byte = bytes[at] as number;
      if (byte === 0x22) break;
      if (byte >= 0x20 && byte < 0x80 && byte !== 0x5c) at += 1;
      else {
        this.#isPlain = false;
        at = byte === 0x5c ? escapeEnd(bytes, at) : byte < 0x20 ? -1 : at + 1;
        if (at === -1) return this.#break();
      }
    }
    this.#at = at;
    if (bytes[at] === 0x22) this.#endText(at);
    else if (at >= bytes.length) this.#break();
  }

  #break(): void {
    this.#isBroken = true;
  }

  #endText(end: number): void {
    const start = this.#textAt;
    this.#textAt = -1;
    this.#at = end + 1;
    const open = this.#open.at(-1);
    if (this.#takesValue()) {
      if (this.#keeps('scalar')) this.#put(this.#textBetween(start, end));
      this.#valueEnded();
      return;
    }
    if (open?.kept !== undefined) open.name = this.#textBetween(start, end);
    this.#expected = 'colon';
  }

  #textBetween(start: number, end: number): string {
    if (end - start > MAX_KEPT_TEXT_BYTES) return LONG_TEXT;
    if (this.#isPlain) return this.#bytes.toString('latin1', start, end);
    return JSON.parse(this.#bytes.toString('utf8', start - 1, end + 1)) as string;
  }

  #readScalar(): void {
    const word = wordAt(this.#bytes, this.#at);
    const end = word === undefined ? numberEnd(this.#bytes, this.#at) : this.#at + String(word).length;
    if (end === -1 || !this.#takesValue()) return this.#break();
    if (this.#keeps('scalar'))
      this.#put(word === undefined ? Number(this.#bytes.toString('latin1', this.#at, end)) : word);
    this.#at = end;
    this.#valueEnded();
  }

  #keeps(kind: 'scalar' | 'container'): boolean {
    const open = this.#open.at(-1);
    if (open === undefined) return true;
    if (!Array.isArray(open.kept)) return open.kept !== undefined;
    return open.kept.length === 0 || (open.isList && kind === 'container');
  }

  #put(value: unknown): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.#root = value;
    else if (Array.isArray(open.kept)) open.kept.push(value);
    else if (open.name === '__proto__' && open.kept !== undefined)
      Object.defineProperty(open.kept, open.name, { value, configurable: true, enumerable: true, writable: true });
    else if (open.kept !== undefined) open.kept[open.name] = value;
  }
}
