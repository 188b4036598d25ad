import { isUtf8 } from 'node:buffer';
import { Tokenizer, TokenParser, TokenType, type ParsedElementInfo, type ParsedTokenInfo } from '@streamparser/json';
import type { Sliced } from '../../in-turns.ts';
import { LISTS } from './answer-facts.ts';

/** So many bytes take up to 2 ms, several where the code is cold. */
const SLICE_BYTES = 65_536;

/** Deeper than anything that an answer says of itself. */
const MAX_KEPT_DEPTH = 8;

/** A level takes 300 bytes of memory while it is open: what is nested deeper counts as broken. */
const MAX_DEPTH = 250_000;

/** A longer text is this one in an outline: that it is there says all. */
const LONG_TEXT = '…';
const MAX_KEPT_TEXT_LENGTH = 4_096;

/** Without them each character of a number, and of much of a text, would be an item of an array. */
const BUFFERS = { stringBufferSize: 65_536, numberBufferSize: 65_536 };

const OPENING: ReadonlySet<TokenType> = new Set([TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]);
const CLOSING: ReadonlySet<TokenType> = new Set([TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]);

/**
 * What JSON.parse makes of these bytes, without what fills them, in slices: a long text is a short one, of an array there is the
 * first item, of a member that is one of {@link LISTS} the arrays and objects too, and below {@link MAX_KEPT_DEPTH} levels those are
 * empty. Undefined exactly where JSON.parse throws, and where the document is deeper than {@link MAX_DEPTH}. A byte order mark that
 * a text begins with is not kept.
 */
export function* jsonOutline(bytes: Buffer): Sliced<unknown> {
  const reader = new OutlineReader();
  // What is no UTF-8 is replaced, as Buffer.toString does.
  const decoder = isUtf8(bytes) ? undefined : new TextDecoder('utf-8', { ignoreBOM: true });
  for (let start = 0; start < bytes.length && !reader.isBroken; start += SLICE_BYTES) {
    if (start > 0) yield;
    const part = bytes.subarray(start, start + SLICE_BYTES);
    reader.write(decoder?.decode(part, { stream: true }) ?? part);
  }
  reader.write(decoder?.decode() ?? '');
  return reader.end();
}

class OutlineReader {
  readonly #tokenizer = new Tokenizer({ ...BUFFERS, emitPartialTokens: true });
  readonly #parser = new TokenParser();
  #outline: unknown;
  isBroken = false;
  /** The text that is being read is a long one. */
  #isLong = false;
  /** What was written ends within a text, and not within an escape or a character of it. */
  #endsInText = false;
  #isCutting = false;
  #depth = 0;

  constructor() {
    this.#tokenizer.onToken = (info) => this.#onToken(info);
    const onError = (): void => {
      this.isBroken = true;
    };
    this.#tokenizer.onError = onError;
    this.#parser.onError = onError;
    this.#parser.onValue = (element) => this.#onValue(element);
    // The tokenizer takes one byte order mark, JSON.parse none.
    this.#tokenizer.write('\ufeff');
  }

  write(part: Uint8Array | string): void {
    this.#endsInText = false;
    this.#tokenizer.write(part);
    if (this.#isLong && this.#endsInText) this.#cutText();
  }

  end(): unknown {
    this.#tokenizer.end();
    return this.isBroken ? undefined : this.#outline;
  }

  /** Ends the text and begins it anew, so that the tokenizer does not gather all of it. */
  #cutText(): void {
    this.#isCutting = true;
    this.#tokenizer.write('"');
    this.#isCutting = false;
    this.#tokenizer.write('"');
  }

  #onToken(info: ParsedTokenInfo): void {
    const { token, value, partial } = info;
    this.#isLong ||= typeof value === 'string' && value.length > MAX_KEPT_TEXT_LENGTH;
    this.#endsInText = token === TokenType.STRING && partial === true;
    if (partial === true || this.#isCutting) return;
    if (OPENING.has(token)) this.#depth += 1;
    else if (CLOSING.has(token)) this.#depth -= 1;
    if (this.#depth > MAX_DEPTH) this.isBroken = true;
    this.#parser.write(this.#isLong ? { token: TokenType.STRING, value: LONG_TEXT } : info);
    this.#isLong = false;
  }

  /** Takes out what is not kept: `parent` is what it has been put into. */
  #onValue({ value, key, parent, stack }: ParsedElementInfo): void {
    if (parent === undefined) this.#outline = value;
    else if (!Array.isArray(parent)) {
      if (stack.length > MAX_KEPT_DEPTH) delete parent[key as string];
    } else if (stack.length > MAX_KEPT_DEPTH || (parent.length > 1 && !isListItem(value, stack.at(-1)?.key))) {
      parent.pop();
    }
  }
}

function isListItem(value: unknown, name: string | number | undefined): boolean {
  return typeof value === 'object' && value !== null && LISTS.has(name);
}
