/** What is used of packages that have no types, or none that fit their code. */
declare module 'apicache' {
  import type { Request, RequestHandler } from 'express';
  const apicache: {
    newInstance(options: object & { appendKey?: (req: Request) => string }): {
      middleware(durationMs: number): RequestHandler;
    };
  };
  export default apicache;
}
declare module 'route-cache' {
  import type { Request, RequestHandler } from 'express';
  const routeCache: {
    config(options: { cacheStore: object }): void;
    cacheSeconds(seconds: number, key: (req: Request) => string): RequestHandler;
  };
  export default routeCache;
}
declare module 'route-cache/ioRedisStore.js' {
  const IoRedisStore: new (client: object) => object;
  export default IoRedisStore;
}
declare module '@keyvhq/redis' {
  export default class KeyvRedis extends Map<string, string> {
    constructor(uri: string);
  }
}
declare module 'http-cache-middleware' {
  import type { RequestHandler } from 'express';
  export default function httpCache(options: { stores: readonly unknown[] }): RequestHandler;
}
declare module 'cache-manager' {
  const cacheManager: { caching(options: object): unknown };
  export default cacheManager;
}
declare module 'cache-manager-ioredis' {
  const store: object;
  export default store;
}
declare module 'express-redis-cache' {
  import type { RequestHandler } from 'express';
  interface Cache {
    on(event: 'error', listener: (error: unknown) => void): this;
    route(): RequestHandler;
  }
  export default function expressRedisCache(options: object): Cache;
}
declare module 'redis3' {
  export interface RedisClient {
    once(event: 'ready', listener: () => void): this;
  }
  export function createClient(path: string): RedisClient;
}
declare module 'cacheable-response' {
  import type { Request, Response } from 'express';
  interface Exchange {
    req: Request;
    res: Response;
  }
  export default function cacheableResponse(options: {
    ttl: number;
    cache: object;
    key(exchange: Exchange): string;
    get(exchange: Exchange): Promise<{ data: unknown }>;
    send(exchange: Exchange & { data: unknown }): void;
  }): (exchange: Exchange) => Promise<void>;
}
declare module 'autocannon' {
  interface Request {
    path?: string;
    body?: string;
  }
  interface Result {
    requests: { total: number };
    /** Seconds. */
    duration: number;
    errors: number;
    non2xx: number;
  }
  export default function autocannon(options: {
    url: string;
    connections: number;
    duration: number;
    requests: Array<Request & { method: string; setupRequest?: (request: Request) => Request }>;
  }): Promise<Result>;
}
