/** The requests and answers that S10 stores: 1 KB prompts with answers of 4 KB of prose. */
import type { AIRequest, AIResponseCache, AIResponseCacheOptions } from 'express-ai-cache';
import { startRedis } from '../../test/support/redis-server.ts';
import type { Bench } from '../bench.ts';
import { prose } from '../prose.ts';

export interface Given {
  readonly request: AIRequest;
  readonly response: { readonly summary: string };
}

export const ANSWER_BYTES = 4_096;

export function countOf({ isQuick }: Bench): number {
  return isQuick ? 100 : 1_000;
}

export function entries(count: number, from = 0): Given[] {
  return Array.from({ length: count }, (_, index) => ({
    request: { text: prose(1_024, from + index + 1), operation: 'summarize', model: 'gpt-4o-mini' },
    response: { summary: prose(ANSWER_BYTES - '{"summary":""}'.length, 1_000_000 + from + index) },
  }));
}

/** A cache with an empty Redis of its own and no memory tier, connected; both end with `use`. */
export async function withCache<T>(
  options: AIResponseCacheOptions,
  use: (cache: AIResponseCache, redis: Awaited<ReturnType<typeof startRedis>>) => Promise<T>,
): Promise<T> {
  const { AIResponseCache } = await import('express-ai-cache');
  const redis = await startRedis();
  const cache = new AIResponseCache({ redis: redis.path, memory: false, ...options });
  try {
    await cache.connect();
    return await use(cache, redis);
  } finally {
    await cache.close();
    await redis.stop();
  }
}
