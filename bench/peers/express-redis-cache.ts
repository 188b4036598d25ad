import type { RequestHandler } from 'express';
import expressRedisCache from 'express-redis-cache';
import type { Contender } from '../contender.ts';
import { appWith, NO_STREAMS, TTL_SECONDS } from './app.ts';
import { keyOf } from './key-of.ts';
import { connectRedis3 } from './redis3.ts';

export const peer: Contender = {
  cannot: ({ form, redis }) => {
    if (form === 'stream') return NO_STREAMS;
    return redis === undefined ? 'it has no memory tier' : undefined;
  },
  start: async ({ redis = '' }, { json }) => {
    const client = connectRedis3(redis);
    const cache = expressRedisCache({ client, expire: TTL_SECONDS });
    cache.on('error', (error: unknown) => console.error(`express-redis-cache: ${String(error)}`));
    await new Promise<void>((resolve) => client.once('ready', resolve));
    // It stores strings only: its users answer with res.json.
    return appWith(named, cache.route(), json);
  },
};

const named: RequestHandler = (req, res, next) => {
  Object.assign(res, { express_redis_cache_name: keyOf(req) });
  next();
};
