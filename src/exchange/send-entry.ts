import { decompress } from '../entry/compression.ts';
import type { Coding, Entry } from '../entry/entry.ts';
import { compressedInLine } from './compress-entry.ts';
import type { KeyedExchange, OutcomeFacts } from './exchange.ts';
import { modelOf } from '../request/labels.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import type { CacheStatus } from '../response/cache-status.ts';
import { CONDITIONALS, type Conditionals } from '../response/conditional.ts';
import { acceptsCoding } from '../response/negotiate.ts';
import type { Part } from '../response/ranges.ts';
import type { Outlet } from '../response/outlet.ts';
import { replayEntry, replayLive } from '../response/replay.ts';
import type { TierName } from '../tiers/tier.ts';

/** What an answer without a call of its own spared. */
export type Spared = Pick<OutcomeFacts, 'provider' | 'model' | 'usage' | 'costUsd' | 'fillMs'>;

/** A body as it goes to one client. */
export interface SendableBody {
  readonly coding: Coding;
  readonly body: Buffer;
}

/** The entry's body as this client takes it: as it lies in the cache, or decoded. Undefined where it cannot be decoded. */
export function bodyFor(
  exchange: KeyedExchange,
  entry: Entry,
  tier?: TierName,
): SendableBody | undefined | Promise<SendableBody | undefined> {
  // A stream goes out in the coding and in the pieces it came in (DESIGN D4); a range is one of identity bytes.
  const isPlain =
    (entry.chunks !== undefined && entry.codedByHandler !== true) || exchange.req.headers.range !== undefined;
  if (!isPlain && entry.isUncoded === true && tier === 'memory') return codedFor(exchange, entry);
  if (!isPlain && acceptsCoding(exchange.req, entry.coding)) return { coding: entry.coding, body: entry.body };
  if (entry.coding === 'identity') return { coding: 'identity', body: entry.body };
  if (entry.identity !== undefined) return { coding: 'identity', body: entry.identity };
  const { parts, key } = exchange;
  const startedAt = parts.clock.monotonic();
  const decoded = (body: Buffer): SendableBody => {
    parts.observe({
      type: 'codec',
      operation: 'decompress',
      coding: entry.coding,
      durationMs: parts.clock.monotonic() - startedAt,
    });
    // The next client of this kind shall not pay for it again.
    if (tier === 'memory') parts.store.replace(key, entry, { ...entry, identity: body });
    return { coding: 'identity', body };
  };
  try {
    const body = decompress(entry.body, entry.coding, entry.identityBytes);
    return body instanceof Promise ? body.then(decoded, () => undefined) : decoded(body);
  } catch {
    // Damaged bytes are a miss, as everything is that cannot be verified.
    return undefined;
  }
}

/** An entry whose body waits for a client that takes the coding: is this the one? From then on memory keeps what it gets. */
function codedFor({ parts, req, key }: KeyedExchange, entry: Entry): SendableBody {
  const { compression } = parts.config;
  const isTaken = compression !== false && acceptsCoding(req, compression.algorithm);
  const coded = isTaken ? compressedInLine(parts, entry) : entry;
  const { coding, body, identityBytes: rawBytes } = coded;
  if (coded !== entry) parts.store.replace(key, entry, coded);
  if (coding !== 'identity') parts.observe({ type: 'entry-size', coding, rawBytes, storedBytes: body.length });
  return { coding, body };
}

/** How an answer gets to a client whose request the handler has already. */
export interface Way {
  readonly outlet: Outlet;
  /** What the client sent: a middleware behind the cache may have taken what the handler is asked by for it. */
  readonly conditionals: Conditionals | undefined;
}

/** Sends an entry to this client and tells it what the cache did. */
export function sendEntry(
  exchange: KeyedExchange,
  entry: Entry,
  sendable: SendableBody,
  facts: { ageSeconds?: number; cacheStatus: CacheStatus; part?: Part } & Partial<Way>,
): void {
  const { parts, route, req, res, key } = exchange;
  // Somebody in front has answered while it was looked up, such as a time-out.
  if (res.headersSent) return;
  const status = parts.config.cacheStatus === 'key' ? { ...facts.cacheStatus, key: key.digest } : facts.cacheStatus;
  const conditionals: Conditionals = facts.conditionals ?? req.headers;
  const isConditional = req.method !== 'POST' && CONDITIONALS.some((name) => conditionals[name] !== undefined);
  const isAsItCame = sendable.coding === (entry.codedByHandler ? entry.coding : 'identity');
  replayEntry(res, {
    entry,
    ...sendable,
    ...(entry.chunks !== undefined && isAsItCame ? { chunks: entry.chunks, pace: route.replay.pace } : {}),
    cacheStatus: parts.cacheStatus?.(status),
    ...(facts.ageSeconds === undefined ? {} : { ageSeconds: facts.ageSeconds }),
    outlet: facts.outlet,
    part: facts.part,
    ...(isConditional ? { conditionals } : {}),
  });
}

/** Joins an answer that is still being made. */
export function joinLive({ parts, res, key }: KeyedExchange, live: LiveStream, cacheStatus: CacheStatus): void {
  const status = parts.config.cacheStatus === 'key' ? { ...cacheStatus, key: key.digest } : cacheStatus;
  replayLive(res, live, parts.cacheStatus?.(status));
}

/** What serving this entry spared, for the outcome. */
export function savedBy(entry: Entry): Spared {
  const { labels, usage, costUsd, fillMs } = entry;
  return {
    ...modelOf(labels),
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(fillMs === undefined ? {} : { fillMs }),
  };
}
