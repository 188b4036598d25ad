import { Redis } from 'ioredis';
import routeCache from 'route-cache';
import IoRedisStore from 'route-cache/ioRedisStore.js';
import type { Contender } from '../contender.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';
import { keyOf } from './key-of.ts';

export const peer: Contender = {
  cannot: ({ form, maxEntries }) => {
    if (form === 'stream') return NO_STREAMS;
    return maxEntries === undefined ? undefined : 'its bound is in characters of all bodies, and JSON counts as one';
  },
  // It passes Buffers by: its users answer with res.json.
  start: async ({ redis }, { json }) => {
    if (redis !== undefined) routeCache.config({ cacheStore: new IoRedisStore(new Redis(redis)) });
    return appWith(routeCache.cacheSeconds(TTL_SECONDS, keyOf), json);
  },
};
