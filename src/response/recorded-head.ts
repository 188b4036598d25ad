import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { HeaderField, OuterChanges } from '../entry/entry.ts';
import { framesMessage } from '../entry/header-fields.ts';

/** The head as the handler made it; what outer middleware had set before is in it only where the handler changed it. */
export interface RecordedHead {
  readonly status: number;
  /** Reason phrase, where the handler chose one. */
  readonly statusMessage?: string;
  readonly headers: readonly HeaderField[];
  /** Absent where the handler changed none. */
  readonly outerChanges?: OuterChanges;
}

/** Headers as they were before the handler ran, by lower-case name. */
export type OuterHeaders = Readonly<Record<string, OutgoingHttpHeader | undefined>>;

/** The headers set so far. Lists are copied: `appendHeader` adds to them in place. */
export function outerHeaders(res: ServerResponse): OuterHeaders {
  const headers = res.getHeaders();
  for (const [name, value] of Object.entries(headers)) if (Array.isArray(value)) headers[name] = [...value];
  return headers;
}

/** The head as it stands now; `outer` and `set` as `headersBeside` has them. */
export function headBeside(res: ServerResponse, outer: OuterHeaders, set: ReadonlySet<string>): RecordedHead {
  const { statusCode: status, statusMessage } = res;
  const outerChanges = outerChangesIn(res, outer);
  return {
    status,
    ...(statusMessage ? { statusMessage } : {}),
    headers: headersBeside(res, outer, set),
    ...(outerChanges === undefined ? {} : { outerChanges }),
  };
}

/**
 * What is set on `res` beside what was there before the handler ran. `set`: lower-case names that the handler has set, perhaps to the very value
 * they had: a second `no-store` is the handler's own word, and so is a `Vary` that names what was there already.
 */
export function headersBeside(res: ServerResponse, outer: OuterHeaders, set: ReadonlySet<string>): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const name of rawHeaderNames(res)) {
    const lowerCase = name.toLowerCase();
    const value = res.getHeader(lowerCase);
    const before = outer[lowerCase];
    if (before === undefined && typeof value === 'string') {
      fields.push([name, value]);
      continue;
    }
    if (value === undefined || (sameValue(value, before) && !set.has(lowerCase))) continue;
    if (lowerCase === 'vary' && !set.has(lowerCase)) fields.push(...addedToVary(name, value, before));
    else for (const one of addedTo(value, before)) fields.push([name, one]);
  }
  return fields;
}

/** What the handler made of the headers that were there before it ran; Vary is merged. Undefined where it changed none. */
export function outerChangesIn(res: ServerResponse, outer: OuterHeaders): OuterChanges | undefined {
  const changes: OuterChanges[number][] = [];
  for (const [name, before] of Object.entries(outer)) {
    const value = res.getHeader(name);
    if (name === 'vary' || framesMessage(name)) continue;
    if (value === undefined) changes.push([name, 'removed']);
    else if (!sameValue(value, before)) changes.push([name, isExtended(value, before) ? 'extended' : 'replaced']);
  }
  return changes.length === 0 ? undefined : changes;
}

/** Only what was added where a list became longer: of the rest each response has its own. */
function addedTo(value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): string[] {
  return isExtended(value, before) ? valuesOf(value).slice(valuesOf(before).length) : valuesOf(value);
}

function isExtended(value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): boolean {
  const [values, outer] = [valuesOf(value), valuesOf(before)];
  return outer.length > 0 && values.length > outer.length && outer.every((one, index) => one === values[index]);
}

function valuesOf(value: OutgoingHttpHeader | undefined): string[] {
  return value === undefined ? [] : [value].flat().map(String);
}

/** The names in the case the handler used; Node has this on every outgoing message, its types on requests alone. */
function rawHeaderNames(res: ServerResponse): string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames();
}

function sameValue(value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): boolean {
  return before !== undefined && String(value) === String(before);
}

/**
 * What a handler that has added to `Vary` may mean: it names again, unseen, what was there. Only `Origin` is what CORS middleware says of
 * its own headers, and would keep origins from sharing an answer.
 */
function addedToVary(name: string, value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): HeaderField[] {
  const isOuter = varyFields(before).some((field) => field.toLowerCase() === 'origin');
  const meant = varyFields(value).filter((field) => !isOuter || field.toLowerCase() !== 'origin');
  return meant.length === 0 ? [] : [[name, meant.join(', ')]];
}

function varyFields(value: OutgoingHttpHeader | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '');
}

/** Does this value of `Vary` do no more than add to the one that is set? */
export function addsToVary(res: ServerResponse, value: unknown): boolean {
  return res.hasHeader('vary') && String(value).startsWith(`${String(res.getHeader('vary'))},`);
}

/** Takes everything back that the handler has set. */
export function restoreHeaders(res: ServerResponse, outer: OuterHeaders): void {
  for (const name of res.getHeaderNames()) if (!Object.hasOwn(outer, name)) res.removeHeader(name);
  for (const [name, value] of Object.entries(outer)) {
    // What is as it was keeps the case of its name.
    if (value !== undefined && String(res.getHeader(name)) !== String(value)) res.setHeader(name, value);
  }
}
