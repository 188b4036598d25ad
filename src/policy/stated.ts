import { parseDictionary, Token } from 'structured-headers';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import { noteOn } from '../note.ts';
import { formOf } from './answer/read-answer.ts';
import { MAX_SECONDS, parseCacheControl, secondsOf, type Directives } from './cache-control.ts';
import { parseHttpDate } from './http-date.ts';

/** What an answer says of its own freshness (RFC 9111 §4.2). */
export interface Stated {
  readonly directives: Directives;
  /** Seconds from when it was made; undefined where it does not say. */
  readonly lifetimeSeconds: number | undefined;
  /** How old it was when it came: more than 0 for one of an upstream cache. */
  readonly ageSeconds: number;
}

/** The field for caches like this one, stronger than Cache-Control and Expires where it is there (RFC 9213 §2.2, §3.1). */
const TARGETED = 'cdn-cache-control';

/** `now`: when the answer came, milliseconds since the epoch. */
export function statedBy(headers: HeaderFields, now: number): Stated {
  const { directives, isTargeted } = spokenIn(headers);
  const date = dateIn(headers, 'date', now);
  const explicit = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  const lifetimeSeconds = explicit ?? (isTargeted ? undefined : expiresIn(headers, date, now));
  return { directives, lifetimeSeconds, ageSeconds: ageIn(headers, date, now) };
}

/** The directives that count: those of CDN-Cache-Control, else those of Cache-Control. */
export function directivesOf(headers: HeaderFields): Directives {
  return spokenIn(headers).directives;
}

interface Spoken {
  readonly directives: Directives;
  readonly isTargeted: boolean;
}

const NOTHING_SPOKEN: Spoken = Object.freeze({ directives: new Map<string, string>(), isTargeted: false });

/** Each step on the way of an answer asks for its directives; they are parsed for the first. */
const spoken = noteOn<HeaderFields, Spoken>();

function spokenIn(headers: HeaderFields): Spoken {
  const isSilent = fieldOf(headers, 'cache-control') === undefined && fieldOf(headers, TARGETED) === undefined;
  if (isSilent) return NOTHING_SPOKEN;
  const known = spoken.get(headers);
  if (known !== undefined) return known;
  const targeted = targetedDirectives(headers);
  const read = { directives: targeted ?? ownDirectives(headers), isTargeted: targeted !== undefined };
  spoken.set(headers, read);
  return read;
}

/** Event streams customarily say no-cache, so that no proxy holds them up: it is no word about this cache. */
function ownDirectives(headers: HeaderFields): Directives {
  const directives = parseCacheControl(fieldOf(headers, 'cache-control') ?? '');
  const isStream = directives.has('no-cache') && formOf(fieldOf(headers, 'content-type')) === 'sse';
  return isStream ? new Map([...directives].filter(([name]) => name !== 'no-cache')) : directives;
}

/** How long ago it was last modified when it came, seconds; undefined where it does not say. */
export function unmodifiedSeconds(headers: HeaderFields, now: number): number | undefined {
  const modified = dateIn(headers, 'last-modified', now);
  return modified === undefined ? undefined : Math.max(0, (dateIn(headers, 'date', now) ?? now) - modified) / 1000;
}

/** A targeted field is a dictionary; one that is not counts as absent, and so does one that is empty (RFC 9213 §2.1). */
function targetedDirectives(headers: HeaderFields): Directives | undefined {
  const value = fieldOf(headers, TARGETED);
  if (value === undefined) return undefined;
  try {
    const members = [...parseDictionary(value)];
    if (members.length === 0) return undefined;
    return new Map(members.map(([name, [item]]) => [name, argumentOf(name, item)]));
  } catch {
    return undefined;
  }
}

/** Throws for what cannot be the argument of a lifetime: the whole field is ignored then. */
function argumentOf(name: string, item: unknown): string {
  if (item === true) return '';
  const isLifetime = name === 'max-age' || name === 's-maxage';
  if (isLifetime && !Number.isInteger(item)) throw new TypeError('A lifetime is an Integer.');
  if (item instanceof Token) return item.toString();
  return typeof item === 'string' || typeof item === 'number' ? String(item) : '';
}

/** An invalid date, `0` above all, is one that has passed (RFC 9111 §5.3). */
function expiresIn(headers: HeaderFields, date: number | undefined, now: number): number | undefined {
  const value = fieldOf(headers, 'expires');
  if (value === undefined) return undefined;
  const expires = parseHttpDate(value, now);
  return expires === undefined ? 0 : Math.max(0, expires - (date ?? now)) / 1000;
}

/** Of Age the first value counts, and only if it is a number (RFC 9111 §5.1); a Date in the past says as much (§4.2.3). */
function ageIn(headers: HeaderFields, date: number | undefined, now: number): number {
  const first = fieldOf(headers, 'age')?.split(',', 1)[0]?.trim() ?? '';
  const age = /^\d+$/.test(first) ? Math.min(Number(first), MAX_SECONDS) : 0;
  // Dates are in whole seconds: an answer made just now is up to one second old by its Date.
  const apparent = date === undefined ? 0 : Math.floor((now - date) / 1000);
  return Math.max(age, apparent, 0);
}

function dateIn(headers: HeaderFields, name: string, now: number): number | undefined {
  const value = fieldOf(headers, name);
  return value === undefined ? undefined : parseHttpDate(value, now);
}
