import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../../support/app-process.ts';
import type { Answer } from '../../support/ask.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { entriesIn, untilKeys } from './until-keys.ts';

let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(() => redis.stop());

const FROM_REDIS = /^ai-cache; hit; ttl=\d+; detail=redis$/;
const MISSED = 'ai-cache; fwd=miss; stored';

function asking(text: string): { json: { text: string } } {
  return { json: { text } };
}

function statusesOf(answers: readonly Answer[]): Set<number> {
  return new Set(answers.map(({ status }) => status));
}

/** Resolves when this question is answered from Redis; every answer on the way must be 200. */
async function untilHit(app: AppProcess, text: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { status, cacheStatus } = await app.ask(asking(text));
        expect(status).toBe(200);
        return cacheStatus;
      },
      { timeout: 20_000, interval: 20 },
    )
    .toMatch(FROM_REDIS);
}

describe('an app whose Redis', () => {
  it('is killed and started again answers every request, and hits from Redis resume without a restart', async () => {
    const app = await startApp({ cache: { redis: redis.url, memory: false } });
    await app.ask(asking('a'));
    await untilKeys(redis, 1);
    expect((await app.ask(asking('a'))).cacheStatus).toMatch(FROM_REDIS);

    const around = Array.from({ length: 50 }, (_, index) => app.ask(asking(`around ${index}`)));
    await redis.kill();
    expect(statusesOf(await Promise.all(around))).toEqual(new Set([200]));
    const down = await app.askInTurn(...Array.from({ length: 20 }, () => asking('a')));
    expect(statusesOf(down)).toEqual(new Set([200]));
    expect(new Set(down.map(({ cacheStatus }) => cacheStatus))).toEqual(new Set([MISSED]));

    await redis.start();
    await untilHit(app, 'a');
    expect((await app.state()).errors).toContain('REDIS_FAILED');
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('is killed again and again never leaves a request without its answer', async () => {
    const app = await startApp({ cache: { redis: redis.url } });
    const outage = async (text: string): Promise<void> => {
      await untilHitOrMemory(app, text);
      const asked = Array.from({ length: 20 }, (_, index) => app.ask(asking(`${text} ${index % 5}`)));
      await redis.kill();
      expect(statusesOf(await Promise.all(asked))).toEqual(new Set([200]));
      await redis.start();
    };
    await outage('one');
    await outage('two');
    await outage('three');
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('hangs is answered without it, and hits resume when it goes on', async () => {
    const app = await startApp({ cache: { redis: redis.url, memory: false, redisTimeoutMs: 20 } });
    await untilStored(app, 'a');
    redis.pause();
    const hung = await app.askInTurn(...Array.from({ length: 10 }, () => asking('a')));
    expect(statusesOf(hung)).toEqual(new Set([200]));
    expect(new Set(hung.map(({ cacheStatus }) => cacheStatus))).toEqual(new Set([MISSED]));
    expect((await app.state()).errors).toContain('REDIS_TIMEOUT');
    redis.resume();
    await untilHit(app, 'a');
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('hangs when the cache is closed lets the process end all the same', async () => {
    const app = await startApp({ cache: { redis: redis.url, redisTimeoutMs: 20 } });
    await untilStored(app, 'a');
    redis.pause();
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
    redis.resume();
  });

  it('is not there yet is used when it comes', async () => {
    await redis.kill();
    const app = await startApp({ cache: { redis: redis.url, memory: false } });
    const early = await app.askInTurn(asking('a'), asking('a'), asking('a'));
    expect(new Set(early.map(({ status, cacheStatus }) => `${status} ${cacheStatus}`))).toEqual(
      new Set([`200 ${MISSED}`]),
    );
    await redis.start();
    await untilHit(app, 'a');
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('is never there lets memory serve and the process end', async () => {
    await redis.kill();
    const app = await startApp({ cache: { redis: redis.url } });
    const answers = await app.askInTurn(asking('a'), asking('a'));
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([MISSED, expect.stringMatching(/detail=memory$/)]);
    expect((await app.state()).runs).toBe(1);
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('is full answers every request, keeps what it has and is used again when there is room', async () => {
    const app = await startApp({ cache: { redis: redis.url, memory: false, compression: false } });
    await app.ask(asking('kept'));
    await untilKeys(redis, 1);
    await redis.cli('config', 'set', 'maxmemory-policy', 'noeviction');
    await redis.cli('config', 'set', 'maxmemory', '1');
    const full = await app.askInTurn(asking('new'), asking('newer'), asking('kept'));
    expect(full.map(({ status, cacheStatus }) => [status, cacheStatus])).toEqual([
      [200, MISSED],
      [200, MISSED],
      [200, expect.stringMatching(FROM_REDIS)],
    ]);
    expect((await app.state()).errors).toEqual(['REDIS_FAILED']);
    expect((await app.state()).redis).toMatchObject({
      state: 'ready',
      breaker: 'closed',
      maxMemoryPolicy: 'noeviction',
    });
    await redis.cli('config', 'set', 'maxmemory', '0');
    await untilHit(app, 'new');
    expect(await app.close()).toEqual({ exitCode: 0, stderr: '' });
  });
});

/** Resolves when the answer is in Redis: with little patience the first one is made before Redis was reached, and not stored. */
async function untilStored(app: AppProcess, text: string): Promise<void> {
  const stored = async (): Promise<number> => {
    await app.ask(asking(text));
    return (await entriesIn(redis)).length;
  };
  await expect.poll(stored, { timeout: 20_000, interval: 20 }).toBe(1);
}

/** Resolves when the process stores in Redis again. */
async function untilHitOrMemory(app: AppProcess, text: string): Promise<void> {
  await expect
    .poll(
      async () => {
        expect((await app.ask(asking(`${text} ${Math.random()}`))).status).toBe(200);
        return redis.cli('keys', '*:e:*');
      },
      { timeout: 20_000, interval: 20 },
    )
    .not.toBe('');
}
