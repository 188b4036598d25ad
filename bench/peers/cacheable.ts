import { Cacheable, createKeyv } from 'cacheable';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import type { Contender } from '../contender.ts';
import { numberOf } from '../origin.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';
import { keyOf } from './key-of.ts';

export const peer: Contender = {
  cannot: ({ form }) => (form === 'stream' ? NO_STREAMS : undefined),
  start: async ({ redis, maxEntries }, { answerTo }) => {
    const lru = maxEntries === undefined ? {} : { lruSize: maxEntries };
    const primary =
      redis === undefined
        ? createKeyv(lru)
        : new Keyv({ store: new KeyvRedis({ socket: { path: redis, tls: false } }) });
    const cache = new Cacheable({ primary, ttl: TTL_SECONDS * 1_000 });
    return appWith(async (req, res) => {
      res.json(await cache.getOrSet(keyOf(req), async () => answerTo(numberOf(req))));
    });
  },
};
