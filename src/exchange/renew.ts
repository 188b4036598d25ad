import type { Entry, HeaderField } from '../entry/entry.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import { storedHeaders } from '../response/stored-headers.ts';
import type { ContextState } from './context.ts';
import { entryTimes } from './entry-times.ts';
import type { KeyedExchange } from './exchange.ts';
import { verdictOnHead, type HeadVerdict } from './verdict.ts';

/** An entry that the handler has said still holds. */
export interface Renewed extends HeadVerdict {
  readonly entry: Entry;
  /** Set by the 304, for its own client. */
  readonly cookies: readonly HeaderField[];
}

/** Fields of a 304 that say nothing of the stored body, or would say something wrong of it (RFC 9111 §3.2). */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'etag',
]);

/** The entry with the head of a 304: its fields replace those of the same name, and its lifetime begins anew (RFC 9111 §4.3.4). */
export function renewedBy(exchange: KeyedExchange, context: ContextState, entry: Entry, head: RecordedHead): Renewed {
  const { parts, route } = exchange;
  const news = storedHeaders(head.headers, parts.clock.now()).filter(([name]) => !NOT_UPDATED.has(name.toLowerCase()));
  const headers = merged(entry.headers, news);
  const cookies = named(head.headers, 'set-cookie');
  // Age is of one answer: an upstream's older word does not count for the new one.
  const answer = { status: entry.status, headers: [...headers, ...named(head.headers, 'age'), ...cookies] };
  const lifetimes = { contextSeconds: context.ttlSeconds, route, isCheckable: true };
  const { revalidateUntil: _swr, errorUntil: _sie, checkUntil: _check, neverStale: _never, ...rest } = entry;
  return {
    entry: { ...rest, headers, ...entryTimes(exchange, answer, lifetimes), position: context.position },
    ...verdictOnHead(exchange, context, answer, undefined),
    cookies,
  };
}

function named(headers: readonly HeaderField[], lowerCaseName: string): HeaderField[] {
  return headers.filter(([name]) => name.toLowerCase() === lowerCaseName);
}

function merged(old: readonly HeaderField[], news: readonly HeaderField[]): HeaderField[] {
  const replaced = new Set(news.map(([name]) => name.toLowerCase()));
  return [...old.filter(([name]) => !replaced.has(name.toLowerCase())), ...news];
}
