import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';
import type { Contender } from '../contender.ts';
import { numberIn, type Answer } from '../site.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';

interface Prompt {
  readonly text: string;
}

export const peer: Contender = {
  cannot: ({ form }) => (form === 'stream' ? NO_STREAMS : undefined),
  start: async ({ redis, maxEntries = 1_000_000 }, { answerTo }) => {
    const storage =
      redis === undefined
        ? { type: 'memory' as const, options: { size: maxEntries } }
        : { type: 'redis' as const, options: { client: new Redis(redis) } };
    // It makes the key itself, of what it is given.
    const cache = createCache({ ttl: TTL_SECONDS, storage }).define(
      'answer',
      async (asked: Prompt | string): Promise<Answer> =>
        answerTo(numberIn(typeof asked === 'string' ? asked : asked.text)),
    );
    return appWith(async (req, res) => {
      res.json(await cache.answer(req.method === 'GET' ? req.originalUrl : (req.body as Prompt)));
    });
  },
};
