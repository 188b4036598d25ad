import type { Entry } from '../entry/entry.ts';
import type { Forwarded } from '../response/cache-status.ts';
import { conditionsFor } from '../response/conditional.ts';
import type { KeyedExchange, OutcomeFacts } from './exchange.ts';
import type { Renewed } from './renew.ts';
import { savedBy, sendEntry, type SendableBody, type Way } from './send-entry.ts';

/** A stale entry that may still be served, with its body as this client takes it. */
export interface StaleAnswer {
  readonly entry: Entry;
  readonly sendable: SendableBody;
  /** It may take the place of an error. */
  readonly coversErrors: boolean;
}

/** Failures that a stale answer may stand in for (DESIGN D16): those of the moment, never what the caller did wrong or what is gone. */
const COVERED: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function isCoveredByStale(status: number, stale: StaleAnswer): boolean {
  return stale.coversErrors && COVERED.has(status);
}

/** What the handler is asked by whether a stale answer still holds. */
export function conditionsOf(stale: StaleAnswer | undefined): Readonly<Record<string, string>> {
  return stale?.entry.checkUntil === undefined ? {} : conditionsFor(stale.entry.headers);
}

/** Sends a stale answer and says so; `way` where the handler has `res`. */
export function sendStale(
  exchange: KeyedExchange,
  { entry, sendable }: StaleAnswer,
  detail: string,
  way: Partial<Way> = {},
): { ageSeconds: number } {
  const now = exchange.parts.clock.now();
  const ageSeconds = Math.max(0, (now - entry.cachedAt) / 1000);
  const ttlSeconds = (entry.staleAt - now) / 1000;
  const cacheStatus = { hit: true as const, ttlSeconds, detail };
  sendEntry(exchange, entry, sendable, { ageSeconds, cacheStatus, ...way });
  return { ageSeconds };
}

/** Sends what the handler has said still holds, and says so. */
export function sendRenewed(
  exchange: KeyedExchange,
  { entry, refusal, cookies }: Renewed,
  sendable: SendableBody,
  { fwd, detail = refusal?.reason }: { readonly fwd: Forwarded; readonly detail?: string | undefined },
  way: Way,
): OutcomeFacts {
  for (const [name, value] of cookies) exchange.res.appendHeader(name, value);
  const stored = refusal === undefined;
  const ageSeconds = Math.max(0, (exchange.parts.clock.now() - entry.cachedAt) / 1000);
  const cacheStatus = { fwd, fwdStatus: 304, stored, ...(detail === undefined ? {} : { detail }) };
  sendEntry(exchange, entry, sendable, { ageSeconds, cacheStatus, ...way });
  return { result: 'hit', ageSeconds, ...savedBy(entry), stored, ...(stored ? {} : { notStored: refusal.reason }) };
}
