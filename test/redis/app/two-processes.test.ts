import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../../support/app-process.ts';
import { expressVersions } from '../../support/express.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { untilKeys } from './until-keys.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const sent = { json: { text: 'What is a cache?', options: { tone: 'dry' } }, headers: { host: 'answers.test' } };

describe.each(expressVersions)('two processes with one Redis on $name', ({ major }) => {
  it('share their answers, and the second keeps them in its memory', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => startApp({ major, cache: { redis: redis.url, ttl: { jitter: 0 } } })),
    );
    const first = await one?.ask(sent);
    await untilKeys(redis, 1);
    const [second, third] = (await two?.askInTurn(sent, sent)) ?? [];
    expect(JSON.parse(first?.text ?? '')).toEqual({ pid: one?.pid, run: 1, asked: sent.json });
    expect([second?.text, third?.text]).toEqual([first?.text, first?.text]);
    expect(second?.headers).toMatchObject({
      'content-type': first?.headers['content-type'],
      etag: first?.headers.etag,
    });
    expect(second?.cacheStatus).toMatch(/^ai-cache; hit; ttl=86[34]\d\d; detail=redis$/);
    expect(third?.cacheStatus).toMatch(/^ai-cache; hit; ttl=86[34]\d\d; detail=memory$/);
    expect([(await one?.state())?.runs, (await two?.state())?.runs]).toEqual([1, 0]);
  });

  it('share bytes, compressed bytes and repeated headers as they were sent', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => startApp({ major, cache: { redis: redis.url } })));
    const bytes = { path: '/bytes', headers: { host: 'answers.test' } };
    const first = await one?.ask(bytes);
    await untilKeys(redis, 1);
    const [plain, coded] =
      (await two?.askInTurn(bytes, { ...bytes, headers: { ...bytes.headers, 'accept-encoding': 'br' } })) ?? [];
    expect(first?.body).toHaveLength(5_000);
    expect(plain?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect(plain?.rawHeaders.filter((value) => value.startsWith('</'))).toEqual(['</a>', '</b>']);
    expect(coded?.headers['content-encoding']).toBe('br');
    expect((await two?.state())?.runs).toBe(0);
  });
});

describe('two processes with one Redis', () => {
  it.each([
    ['another namespace', { namespace: 'other' }],
    ['another version', { version: 2 }],
    ['another hash', { hashAlgorithm: 'sha512' }],
  ] as const)('share nothing where one has %s', async (_what, other) => {
    const [one, two] = await Promise.all(
      [{}, other].map((cache) => startApp({ cache: { redis: redis.url, ...cache } })),
    );
    await one?.ask(sent);
    await untilKeys(redis, 1);
    expect((await two?.ask(sent))?.cacheStatus).toBe('ai-cache; fwd=miss; stored');
    await untilKeys(redis, 2);
  });

  it('both answer, without memory of their own, what either has stored', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => startApp({ cache: { redis: redis.url, memory: false } })));
    await one?.ask(sent);
    await untilKeys(redis, 1);
    await two?.ask({ ...sent, json: { text: 'Another?' } });
    await untilKeys(redis, 2);
    const hits = [await two?.ask(sent), await one?.ask({ ...sent, json: { text: 'Another?' } }), await one?.ask(sent)];
    expect(hits.map((hit) => /; hit; .*; detail=redis$/.test(hit?.cacheStatus ?? ''))).toEqual([true, true, true]);
    expect([(await one?.state())?.runs, (await two?.state())?.runs]).toEqual([1, 1]);
  });

  it('end by themselves once their caches are closed', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => startApp({ cache: { redis: redis.url } })));
    await Promise.all([one?.ask(sent), two?.ask(sent)]);
    expect(await Promise.all([one?.close(), two?.close()])).toEqual([
      { exitCode: 0, stderr: '' },
      { exitCode: 0, stderr: '' },
    ]);
  });
});
