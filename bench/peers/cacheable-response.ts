import Keyv from '@keyvhq/core';
import KeyvRedis from '@keyvhq/redis';
import cacheableResponse from 'cacheable-response';
import type { Contender } from '../contender.ts';
import { numberOf } from '../origin.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';
import { keyOf } from './key-of.ts';

export const peer: Contender = {
  cannot: ({ form, maxEntries }) => {
    if (form === 'stream') return NO_STREAMS;
    return maxEntries === undefined ? undefined : 'its store has no bound';
  },
  start: async ({ redis }, { answerTo }) => {
    const answer = cacheableResponse({
      ttl: TTL_SECONDS * 1_000,
      cache: redis === undefined ? new Keyv() : new Keyv({ store: new KeyvRedis(redis) }),
      key: ({ req }) => keyOf(req),
      get: async ({ req }) => ({ data: await answerTo(numberOf(req)) }),
      send: ({ data, res }) => res.json(data),
    });
    return appWith((req, res) => answer({ req, res }));
  },
};
