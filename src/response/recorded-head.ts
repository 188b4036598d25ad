import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { HeaderField } from '../entry/entry.ts';

/** The head as the handler made it; what outer middleware had set before is not in it. */
export interface RecordedHead {
  readonly status: number;
  /** Reason phrase, where the handler chose one. */
  readonly statusMessage?: string;
  readonly headers: readonly HeaderField[];
}

/** Headers as they were before the handler ran, by lower-case name. */
export type OuterHeaders = Readonly<Record<string, OutgoingHttpHeader | undefined>>;

/** The headers set so far. Lists are copied: `appendHeader` adds to them in place. */
export function outerHeaders(res: ServerResponse): OuterHeaders {
  const headers = res.getHeaders();
  for (const [name, value] of Object.entries(headers)) if (Array.isArray(value)) headers[name] = [...value];
  return headers;
}

/**
 * What is set on `res` beside what was there before the handler ran; of `Vary` only the fields that were added. `set`: lower-case
 * names that the handler has set, perhaps to the very value they had: a second `no-store` is the handler's own word.
 */
export function headersBeside(res: ServerResponse, outer: OuterHeaders, set: ReadonlySet<string>): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const name of rawHeaderNames(res)) {
    const lowerCase = name.toLowerCase();
    const value = res.getHeader(lowerCase);
    const before = outer[lowerCase];
    if (value === undefined || (sameValue(value, before) && !set.has(lowerCase))) continue;
    if (lowerCase === 'vary') fields.push(...addedToVary(name, value, before));
    else for (const one of Array.isArray(value) ? value : [value]) fields.push([name, String(one)]);
  }
  return fields;
}

/** The names in the case the handler used; Node has this on every outgoing message, its types on requests alone. */
function rawHeaderNames(res: ServerResponse): string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames();
}

function sameValue(value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): boolean {
  return before !== undefined && String(value) === String(before);
}

function addedToVary(name: string, value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): HeaderField[] {
  const known = new Set(varyFields(before).map((field) => field.toLowerCase()));
  const added = varyFields(value).filter((field) => !known.has(field.toLowerCase()));
  return added.length === 0 ? [] : [[name, added.join(', ')]];
}

function varyFields(value: OutgoingHttpHeader | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '');
}

/** Takes everything back that the handler has set. */
export function restoreHeaders(res: ServerResponse, outer: OuterHeaders): void {
  for (const name of res.getHeaderNames()) if (!Object.hasOwn(outer, name)) res.removeHeader(name);
  for (const [name, value] of Object.entries(outer)) if (value !== undefined) res.setHeader(name, value);
}
