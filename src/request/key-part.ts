import { FramedHash } from './framed-hash.ts';

/** A part of a key whose escaped form would be longer is replaced by a digest of it. */
export const MAX_PART_LENGTH = 200;

const PLAIN = /^[\w.~-]+$/;

/**
 * Any string as a part of a key, where `:`, white space, control characters and the glob characters of Redis have no place:
 * percent-encoded UTF-8 for all but the unreserved characters of RFC 3986 §2.3, a lone surrogate as `%uD800`, the empty string
 * as `%-`. {@link unescapeKeyPart} gives the string back.
 */
export function escapeKeyPart(value: string): string {
  if (PLAIN.test(value)) return value;
  if (value === '') return '%-';
  if (value.isWellFormed()) return percentEncoded(value);
  // A split by a group keeps what it split at: every second piece is a lone surrogate.
  return value
    .split(/([\uD800-\uDFFF])/u)
    .map((piece, index) => (index % 2 === 1 ? `%u${hex(piece.charCodeAt(0))}` : percentEncoded(piece)))
    .join('');
}

/** The string that {@link escapeKeyPart} was given; undefined for a digest and for malformed escapes. */
export function unescapeKeyPart(part: string): string | undefined {
  if (part === '%-') return '';
  if (part === '') return undefined;
  try {
    return part
      .split(/%u(D[89A-F][0-9A-F]{2})/)
      .map((piece, index) => (index % 2 === 1 ? String.fromCharCode(parseInt(piece, 16)) : decodeURIComponent(piece)))
      .join('');
  } catch {
    return undefined;
  }
}

/** {@link escapeKeyPart}, but `%~<sha256>` for a string too long for a key; no escaped string begins so. */
export function boundedKeyPart(value: string): string {
  if (value.length <= MAX_PART_LENGTH) {
    const escaped = escapeKeyPart(value);
    if (escaped.length <= MAX_PART_LENGTH) return escaped;
  }
  return `%~${new FramedHash('sha256').add('p', value).digest()}`;
}

function percentEncoded(wellFormed: string): string {
  return encodeURIComponent(wellFormed).replace(/[!'()*]/g, (character) => `%${hex(character.charCodeAt(0))}`);
}

function hex(unit: number): string {
  return unit.toString(16).toUpperCase();
}
