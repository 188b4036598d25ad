import apicache from 'apicache';
import type { Contender } from '../contender.ts';
import { appWith, TTL_SECONDS } from './app.ts';
import { digestOf } from './key-of.ts';
import { connectRedis3 } from './redis3.ts';

export const peer: Contender = {
  cannot: ({ maxEntries }) => (maxEntries === undefined ? undefined : 'it has no bound'),
  start: async ({ redis }, { ready }) => {
    const redisClient = redis === undefined ? {} : { redisClient: connectRedis3(redis) };
    const cache = apicache.newInstance({ appendKey: digestOf, ...redisClient });
    return appWith(cache.middleware(TTL_SECONDS * 1_000), ready);
  },
};
