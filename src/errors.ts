/** Every error of this package and every message text. */
export * from './errors/ai-cache-error.ts';
export * from './errors/requests.ts';
export * from './errors/options.ts';
export * from './errors/redis.ts';
export * from './errors/answers.ts';
export * from './errors/cache.ts';
export * from './errors/cascade.ts';
export * from './errors/warm.ts';
