import { describe, expect, it, vi } from 'vitest';
import type { AICacheError } from '../../../src/errors.ts';
import { RedisConnection } from '../../../src/tiers/redis-connection.ts';

vi.mock('ioredis', () => {
  throw Object.assign(new Error("Cannot find package 'ioredis'"), { code: 'ERR_MODULE_NOT_FOUND' });
});

describe('without ioredis installed', () => {
  it('the first use says what to install, and it is reported once', async () => {
    const errors: AICacheError[] = [];
    const onError = (error: AICacheError): unknown => errors.push(error);
    const connection = new RedisConnection({ redis: 'redis://cache.example', timeoutMs: 200, onError });
    expect(errors).toEqual([]);
    const missing = { code: 'REDIS_MISSING', message: expect.stringContaining('npm install ioredis') as string };
    await expect(connection.client()).rejects.toMatchObject(missing);
    await expect(connection.client()).rejects.toMatchObject(missing);
    expect(errors).toMatchObject([missing]);
    expect(connection.state()).toBe('idle');
    await connection.close();
  });
});
