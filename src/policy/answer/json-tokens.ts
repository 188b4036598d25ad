/** The tokens of JSON that are no punctuation (RFC 8259 §3, §6, §7), in bytes; what is beyond the last byte matches nothing. */

const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** The value of the word that begins here; undefined where none does. */
export function wordAt(bytes: Buffer, at: number): boolean | null | undefined {
  const first = bytes[at];
  for (const [word, value] of WORDS) {
    if (first === word.charCodeAt(0))
      return bytes.toString('latin1', at, at + word.length) === word ? value : undefined;
  }
  return undefined;
}

/** Where the number ends that begins here; -1 where none does. */
export function numberEnd(bytes: Buffer, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  const whole = digitsEnd(bytes, at);
  if (whole === at) return -1;
  // No digit may follow a leading zero.
  at = bytes[at] === 0x30 ? at + 1 : whole;
  if (bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (bytes[at] !== 0x65 && bytes[at] !== 0x45) return at;
  const sign = bytes[at + 1];
  const exponentAt = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
  const exponent = digitsEnd(bytes, exponentAt);
  return exponent === exponentAt ? -1 : exponent;
}

function digitsEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

const SHORT_ESCAPES: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));

/** Where the escape of a text ends that begins with this backslash; -1 where it is none. */
export function escapeEnd(bytes: Buffer, at: number): number {
  const kind = bytes[at + 1];
  if (SHORT_ESCAPES.has(kind)) return at + 2;
  const digits = bytes.toString('latin1', at + 2, at + 6);
  return kind === 0x75 && /^[\da-fA-F]{4}$/.test(digits) ? at + 6 : -1;
}
