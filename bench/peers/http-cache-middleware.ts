import cacheManager from 'cache-manager';
import redisStore from 'cache-manager-ioredis';
import type { RequestHandler } from 'express';
import httpCache from 'http-cache-middleware';
import type { Contender } from '../contender.ts';
import type { Site } from '../site.ts';
import { appWith, TTL_SECONDS } from './app.ts';
import { digestOf } from './key-of.ts';

export const peer: Contender = {
  cannot: () => undefined,
  start: async (site, { ready }) => appWith(keyed, httpCache({ stores: [storeFor(site)] }), timed, ready),
};

const keyed: RequestHandler = (req, _res, next) => {
  Object.assign(req, { cacheAppendKey: () => digestOf(req) });
  next();
};

const timed: RequestHandler = (_req, res, next) => {
  res.setHeader('x-cache-timeout', '1 day');
  next();
};

function storeFor({ redis, maxEntries = 1_000_000 }: Site): unknown {
  if (redis !== undefined) return cacheManager.caching({ store: redisStore, path: redis, ttl: TTL_SECONDS });
  // Head and body are an entry each.
  return cacheManager.caching({ store: 'memory', max: 2 * maxEntries, ttl: TTL_SECONDS });
}
