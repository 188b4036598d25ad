import { systemClock, type Clock } from '../../../src/clock.ts';
import { TEXT_TIERS } from '../../../src/entry/entry.ts';
import type { AICacheError } from '../../../src/errors.ts';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import { GuardedTier } from '../../../src/tiers/guarded-tier.ts';
import { MemoryTier } from '../../../src/tiers/memory-tier.ts';
import type { RedisClient } from '../../../src/tiers/redis-client.ts';
import { RedisConnection } from '../../../src/tiers/redis-connection.ts';
import { RedisTier } from '../../../src/tiers/redis-tier.ts';
import { TieredStore } from '../../../src/tiers/tiered-store.ts';
import type { CacheKey } from '../../../src/tiers/tier.ts';

export interface OpenStore {
  readonly connection: RedisConnection;
  readonly tier: RedisTier;
  readonly guard: GuardedTier;
  readonly memory: MemoryTier;
  readonly store: TieredStore;
  readonly errors: AICacheError[];
  readonly events: CacheEvent[];
  /** Resolves when the connection becomes ready the next time. */
  readyAgain(): Promise<void>;
}

export interface OpenStoreOptions {
  readonly redis: string | RedisClient;
  readonly timeoutMs?: number;
  readonly version?: number;
  readonly maxEntryBytes?: number;
  readonly clock?: Clock;
}

/** Everything of this folder together, as the cache builds it. */
export function openStore(options: OpenStoreOptions): OpenStore {
  const { redis, timeoutMs = 10_000, version = 1, maxEntryBytes = 1 << 20, clock = systemClock } = options;
  const errors: AICacheError[] = [];
  const events: CacheEvent[] = [];
  const onError = (error: AICacheError): unknown => errors.push(error);
  const observe = (event: CacheEvent): unknown => events.push(event);
  const connection = new RedisConnection({ redis, timeoutMs, onError });
  const tier = new RedisTier({ connection, namespace: 'test', version, maxEntryBytes, clock });
  const guard = new GuardedTier({ tier, timeoutMs, connection, clock, onError });
  const memory = new MemoryTier({
    maxBytes: 1 << 20,
    maxEntries: 100,
    maxEntryBytes,
    textTiers: TEXT_TIERS,
    clock,
    observe,
  });
  const store = new TieredStore({ memory, redis: guard, clock, observe });
  const waiting: (() => void)[] = [];
  connection.onReady(() => waiting.splice(0).forEach((resolve) => resolve()));
  const readyAgain = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { connection, tier, guard, memory, store, errors, events, readyAgain };
}

/** The key in Redis of what `openStore` writes. */
export function redisKey({ text }: CacheKey, version = 1): string {
  return `test:e:${version}:${text}`;
}
