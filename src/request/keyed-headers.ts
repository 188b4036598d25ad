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

/** The keyed headers that a request has: {@link KEYED_HEADERS} and those of `varyHeaders` (lower-case names). No prototype. */
export function keyedHeaders(headers: IncomingHttpHeaders, varyHeaders: readonly string[]): Record<string, string> {
  const keyed = Object.create(null) as Record<string, string>;
  for (const name of KEYED_HEADERS) copyHeader(headers, name, keyed);
  for (const name of varyHeaders) copyHeader(headers, name, keyed);
  return keyed;
}

function copyHeader(headers: IncomingHttpHeaders, name: string, keyed: Record<string, string>): void {
  // Node.js keeps headers on a plain object: a name such as `constructor` would find what is not a header.
  if (Object.hasOwn(headers, name)) keyed[name] = headerText(headers[name]);
}

/** A header's value as one string. No field value holds a line feed, so that a list never reads as one value. */
export function headerText(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join('\n');
}
