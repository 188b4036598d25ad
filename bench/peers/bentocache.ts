import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import type { Contender } from '../contender.ts';
import { numberOf } from '../origin.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';
import { keyOf } from './key-of.ts';

export const peer: Contender = {
  cannot: ({ form }) => (form === 'stream' ? NO_STREAMS : undefined),
  start: async ({ redis, maxEntries = 1_000_000 }, { answerTo }) => {
    const store =
      redis === undefined
        ? bentostore().useL1Layer(memoryDriver({ maxItems: maxEntries }))
        : bentostore().useL2Layer(redisDriver({ connection: new Redis(redis) }));
    const cache = new BentoCache({ default: 'answers', ttl: `${TTL_SECONDS}s`, stores: { answers: store } });
    return appWith(async (req, res) => {
      res.json(await cache.getOrSet({ key: keyOf(req), factory: () => answerTo(numberOf(req)) }));
    });
  },
};
