import { expect } from 'vitest';
import type { RedisServer } from '../../support/redis-server.ts';

/** Resolves when Redis has so many keys: what an app stores is there some time after its client has the answer. */
export async function untilKeys(redis: RedisServer, count: number): Promise<void> {
  await expect.poll(() => redis.cli('dbsize'), { timeout: 10_000 }).toBe(String(count));
}
