import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { RedisTemplate } from './options.ts';
import { isAsync } from './shown-value.ts';

/** A function that answers at once: an async one would answer with a promise, and every promise is true. */
export function synchronous<F extends (...args: never[]) => unknown>(): z.ZodType<F, F> {
  return z.custom<F>((value) => typeof value === 'function' && !isAsync(value));
}

/** An object with a method of this name; it goes on as it is, neither copied nor frozen. */
export function having<T extends object>(method: keyof T & string): z.ZodType<T, T> {
  return z.custom<T>((value) => hasMethod(value, method));
}

/** An ioredis client has a `status`; the clients of other packages do not. */
export function redisTemplate(): z.ZodType<RedisTemplate, RedisTemplate> {
  return z.custom<RedisTemplate>(
    (value) => hasMethod(value, 'duplicate') && typeof (value as { status?: unknown }).status === 'string',
  );
}

/** `redis://host…`, `rediss://host…`, `unix:///path` or an absolute path. */
export function isRedisAddress(address: string): boolean {
  if (/^rediss?:\/\//i.test(address)) return URL.canParse(address) && new URL(address).hostname !== '';
  return isAbsolute(withoutUnixScheme(address)) && !address.startsWith('//');
}

/** ioredis knows a socket by its path alone; `?db=2` may follow. */
export function withoutUnixScheme(address: string): string {
  return address.replace(/^unix:\/\//i, '');
}

export function hasMethod(value: unknown, method: string): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[method] === 'function'
  );
}
