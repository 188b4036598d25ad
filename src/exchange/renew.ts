import type { Entry, HeaderField } from '../entry/entry.ts';
import { whyNotStorable, type Refusal } from '../policy/storable.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import { storedHeaders } from '../response/stored-headers.ts';
import type { ContextState } from './context.ts';
import { entryTimes } from './entry-times.ts';
import type { KeyedExchange } from './exchange.ts';
import { storageTermsOf } from './storage-terms.ts';

/** An entry that the handler has said still holds. */
export interface Renewed {
  readonly entry: Entry;
  /** Why it may not be kept any longer, all the same. */
  readonly refusal?: Refusal;
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
  // Age is of one answer: an upstream's older word does not count for the new one.
  const said = [...headers, ...head.headers.filter(([name]) => name.toLowerCase() === 'age')];
  const answer = { status: entry.status, headers: said };
  const refusal = whyNotStorable(answer, storageTermsOf(exchange, context, answer, undefined));
  const lifetimes = { contextSeconds: context.ttlSeconds, route, isCheckable: true };
  const { revalidateUntil: _swr, errorUntil: _sie, checkUntil: _check, neverStale: _never, ...rest } = entry;
  return {
    entry: { ...rest, headers, ...entryTimes(exchange, answer, lifetimes), position: context.position },
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function merged(old: readonly HeaderField[], news: readonly HeaderField[]): HeaderField[] {
  const replaced = new Set(news.map(([name]) => name.toLowerCase()));
  return [...old.filter(([name]) => !replaced.has(name.toLowerCase())), ...news];
}
