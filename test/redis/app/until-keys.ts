import { expect } from 'vitest';
import type { RedisServer } from '../../support/redis-server.ts';

/** The keys of entries in Redis, sorted. */
export async function entriesIn(redis: RedisServer): Promise<string[]> {
  const keys = await redis.cli('keys', '*:e:*');
  return keys === '' ? [] : keys.split('\n').toSorted();
}

/** Resolves when Redis has so many entries: what an app stores is there some time after its client has the answer. */
export async function untilKeys(redis: RedisServer, count: number): Promise<void> {
  await expect.poll(async () => (await entriesIn(redis)).length, { timeout: 10_000 }).toBe(count);
}
