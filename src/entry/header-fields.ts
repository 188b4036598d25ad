import { OUTER_CHANGES, type HeaderField, type OuterChanges } from './entry.ts';

export type HeaderFields = readonly HeaderField[];

/** All values of a field, joined (RFC 9110 §5.3); undefined where there is none. */
export function fieldOf(headers: HeaderFields, lowerCaseName: string): string | undefined {
  let joined: string | undefined;
  // Asked of an answer many times, most often in vain: without lists that nobody keeps.
  for (const [name, value] of headers) {
    if (isNamed(name, lowerCaseName)) joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** Field names are compared without regard to case (RFC 9110 §5.1). */
export function isNamed(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}

/** Fields that frame the message: from a stored answer they could split or truncate the response (RFC 9112 §6.3, §11.1). */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function framesMessage(lowerCaseName: string): boolean {
  return FRAMING.has(lowerCaseName);
}

/** A token (RFC 9110 §5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What Node lets into a field value and a reason phrase: neither CR, LF nor NUL (RFC 9110 §5.5, RFC 9112 §4). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** May this go on the wire as a field of an answer, whoever wrote it to Redis? */
export function isReplayableField(value: unknown): value is HeaderField {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, text] = value as unknown[];
  return typeof name === 'string' && NAME.test(name) && !framesMessage(name.toLowerCase()) && isFieldValue(text);
}

/** Are these changes of headers, none of which frames the message? */
export function isOuterChanges(value: unknown): value is OuterChanges {
  return (
    Array.isArray(value) && value.every((one) => isReplayableField(one) && OUTER_CHANGES.includes(one[1] as never))
  );
}

/** May this go on the wire as a field's value, or as a reason phrase? */
export function isFieldValue(value: unknown): value is string {
  return typeof value === 'string' && VALUE.test(value);
}
