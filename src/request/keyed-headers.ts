import type { IncomingHttpHeaders } from 'node:http';

/** Request headers that are always keyed: what content negotiation and the providers' APIs let an answer depend on. */
export const KEYED_HEADERS: readonly string[] = Object.freeze([
  'content-type',
  'accept',
  'accept-language',
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
  'openai-organization',
  'openai-project',
]);

/** A header that a request has: its lower-case name and its value as one text. */
export type KeyedHeader = readonly [name: string, value: string];

/** The keyed headers that a request has: {@link KEYED_HEADERS} and those of `varyHeaders` (lower-case names). */
export function keyedHeaders(headers: IncomingHttpHeaders, varyHeaders: readonly string[]): KeyedHeader[] {
  const keyed: KeyedHeader[] = [];
  for (const name of KEYED_HEADERS) addHeader(headers, name, keyed);
  for (const name of varyHeaders) addHeader(headers, name, keyed);
  return keyed;
}

function addHeader(headers: IncomingHttpHeaders, name: string, keyed: KeyedHeader[]): void {
  const value = headers[name];
  // Node.js keeps headers on a plain object: a name such as `constructor` would find what is not a header.
  if (value !== undefined && Object.hasOwn(headers, name)) keyed.push([name, headerText(value)]);
}

/** A header's value as one string. No field value holds a line feed, so that a list never reads as one value. */
export function headerText(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join('\n');
}
