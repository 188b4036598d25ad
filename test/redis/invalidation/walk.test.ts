import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, openCache } from './open-cache.ts';

const keys = new CacheKeyGenerator();

const FOUND = expect.stringMatching(/^answer from /) as string;

let redis: RedisServer;
let raw: Redis;

beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.path);
});

beforeEach(() => raw.flushall());

afterAll(async () => {
  raw.disconnect();
  await redis.stop();
});

async function stored(cache: AIResponseCache, requests: readonly AIRequest[]): Promise<void> {
  const results = await cache.setMany(requests.map((request) => ({ request, response: 'answer' })));
  expect(results.filter((result) => !result.stored)).toEqual([]);
}

function entries(namespace = 'ai_cache'): Promise<string[]> {
  return raw.keys(`${namespace}:e:*`);
}

/** Members of all indexes, and the indexes. */
async function indexed(namespace = 'ai_cache'): Promise<Record<string, number>> {
  const indexes = (await raw.keys(`${namespace}:i:*`)).toSorted();
  const sizes = await Promise.all(indexes.map((index) => raw.zcard(index)));
  return Object.fromEntries(indexes.map((index, place) => [index, sizes[place] ?? 0]));
}

describe('a selector', () => {
  const base: AIRequest = { text: 'q', provider: 'p', model: 'm', operation: 'o', collection: 'c', tags: ['t'] };
  const others: AIRequest[] = [
    { ...base, provider: 'p2' },
    { ...base, model: 'm2' },
    { ...base, operation: 'o2' },
    { ...base, collection: 'c2' },
    { ...base, text: 'q2', tags: ['t2'] },
    { text: 'q' },
  ];

  it.each([
    ['provider', { provider: 'p' }, 5],
    ['model', { model: 'm' }, 5],
    ['operation', { operation: 'o' }, 5],
    ['collection', { collection: 'c' }, 5],
    ['tag', { tag: 't' }, 5],
    ['key', { key: base }, 1],
    ['digest', { key: keys.keyFor(base).digest }, 1],
    ['several of a field', { model: ['m', 'm2'] }, 6],
    ['several of a field that overlap', { tag: ['t', 't2', 't'] }, 6],
    ['a conjunction', { provider: 'p', model: 'm', operation: 'o', collection: 'c', tag: 't' }, 1],
    ['a conjunction of some', { tag: 't', collection: ['c', 'c2'], provider: 'p' }, 4],
    ['one that nothing fits', { collection: 'c', tag: 'none' }, 0],
    ['one that is unknown', { collection: 'none' }, 0],
  ])('by %s removes exactly what fits it, in every index', async (_what, selector, count) => {
    const { cache } = openCache({ redis: redis.url });
    await stored(cache, [base, ...others]);
    expect(await cache.expire(selector)).toEqual({ expired: count });
    expect(await cache.expire(selector)).toEqual({ expired: 0 });
    expect(await cache.invalidate(selector)).toEqual({ removed: count });
    expect(await entries()).toHaveLength(7 - count);
    expect(await cache.invalidate(selector)).toEqual({ removed: 0 });
    const members = await Promise.all(Object.keys(await indexed()).map((index) => raw.zrange(index, '0', '-1')));
    expect(new Set(members.flat())).toEqual(new Set((await entries()).map((key) => key.slice('ai_cache:e:'.length))));
  });

  it('by a tag leaves what had it once, and has another one since', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(base, 'first', { tags: ['x'] });
    await cache.set(base, 'second', { tags: ['y'] });
    expect(await cache.invalidate({ tag: 'x' })).toEqual({ removed: 0 });
    expect((await cache.get(base))?.text()).toBe('second');
    expect(await cache.invalidate({ tag: 'y' })).toEqual({ removed: 1 });
  });

  it('leaves what was stored after it', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(base, 'old');
    await cache.invalidate({ collection: 'c' });
    await cache.set(base, 'new');
    expect(await cache.invalidate({ collection: 'c2' })).toEqual({ removed: 0 });
    expect((await cache.get(base))?.text()).toBe('new');
  });
});

describe('clear', () => {
  it('removes this namespace alone, all its versions, and whatever lies under their keys', async () => {
    const [one, next] = [1, 2].map((version) => openCache({ redis: redis.url, version }));
    const near = ['ai_cache:e', 'ai_cache2', 'ai_cach', 'ai_cache:i'].map((namespace) =>
      openCache({ redis: redis.url, namespace }),
    );
    const all = [one, next, ...near];
    await Promise.all(all.map(async (open) => open && stored(open.cache, [docs('a'), docs('b')])));
    await raw.set('ai_cache:e:mine', 'not of the cache');
    const [of1] = await raw.keys('ai_cache:e:1:openai:gpt:docs:*');
    await raw.set(of1 ?? '', 'of another release');
    expect(await next?.cache.clear()).toEqual({ removed: 4 });
    expect([await one?.read(docs('a')), await next?.read(docs('b'))]).toEqual([undefined, undefined]);
    for (const open of near) {
      // oxlint-disable-next-line no-await-in-loop
      expect([await open.read(docs('a')), await open.read(docs('b'))]).toEqual([FOUND, FOUND]);
    }
    expect(await raw.get('ai_cache:e:mine')).toBe('not of the cache');
    expect(Object.keys(await indexed('ai_cache:i'))).not.toEqual([]);
    await Promise.all(all.map(async (open) => open?.cache.clear()));
    expect((await raw.keys('*')).filter((key) => !key.includes('{')).toSorted()).toEqual([
      'ai_cache:e:mine',
      'ai_cache:i:collection:docs',
      'ai_cache:i:model:gpt',
      'ai_cache:i:provider:openai',
    ]);
  });

  it('removes nothing where there is nothing', async () => {
    expect(await openCache({ redis: redis.url }).cache.clear()).toEqual({ removed: 0 });
  });
});

describe('what another release has written', () => {
  it('is left alone by a selector: it judges by the log itself', async () => {
    const { cache } = openCache({ redis: redis.url });
    await stored(cache, [docs('a'), docs('b')]);
    const [first = ''] = await entries();
    const bytes = (await raw.getBuffer(first)) ?? Buffer.alloc(0);
    bytes.writeUInt8(9, 4);
    await raw.set(first, bytes);
    expect(await cache.invalidate({ collection: 'docs' })).toEqual({ removed: 1 });
    expect(await entries()).toEqual([first]);
  });

  it('is left alone where it is no entry at all', async () => {
    const { cache } = openCache({ redis: redis.url });
    await stored(cache, [docs('a'), docs('b')]);
    const [first = ''] = await entries();
    await raw.del(first);
    await raw.lpush(first, 'mine');
    expect(await cache.invalidate({ collection: 'docs' })).toEqual({ removed: 1 });
    expect(await entries()).toEqual([first]);
  });

  it('is never taken for the entry that was asked for', async () => {
    const { cache, errors } = openCache({ redis: redis.url });
    await stored(cache, [docs('a'), docs('b')]);
    const [first = '', second = ''] = await entries();
    await raw.set(first, (await raw.getBuffer(second)) ?? '');
    await expect(cache.invalidate({ collection: 'docs' })).rejects.toMatchObject({ code: 'REDIS_REPLY_MISMATCH' });
    expect(errors).toEqual([]);
  });
});

describe('an index', () => {
  it('holds what was written, until it expires, and no longer than that itself', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(docs('a', { operation: 'sum' }), 'a', { ttlSeconds: 100, tags: ['user:7'] });
    const names = Object.keys(await indexed());
    expect(names).toEqual([
      'ai_cache:i:collection:docs',
      expect.stringMatching(/^ai_cache:i:key:[\da-f]{2}$/),
      'ai_cache:i:model:gpt',
      'ai_cache:i:operation:sum',
      'ai_cache:i:provider:openai',
      expect.stringMatching(/^ai_cache:i:tag:[\da-f]{64}$/),
    ]);
    const [entry = ''] = await entries();
    const expiry = await raw.pexpiretime(entry);
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop
      const [member, score] = await raw.zrange(name, '0', '-1', 'WITHSCORES');
      expect(member).toBe(entry.slice('ai_cache:e:'.length));
      expect(Math.abs(Number(score) - expiry)).toBeLessThan(50);
      // oxlint-disable-next-line no-await-in-loop
      const ttl = await raw.pttl(name);
      expect([ttl > 100_000, ttl < 170_000]).toEqual([true, true]);
    }
  });

  it('does not grow without end: writes take away what has expired', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(docs('a'), 'a');
    const long = Date.now() - 10_000;
    const gone = Array.from({ length: 100 }, (_, index) => [`${long}`, `1:openai:gpt:docs:${index}`]).flat();
    await raw.zadd('ai_cache:i:collection:docs', ...gone);
    await stored(
      cache,
      [1, 2, 3, 4, 5].map((index) => docs(`new ${index}`)),
    );
    expect(await raw.zcard('ai_cache:i:collection:docs')).toBe(6);
  });

  it('loses what is no longer there when it is walked', async () => {
    const { cache } = openCache({ redis: redis.url });
    await stored(
      cache,
      [1, 2, 3].map((index) => docs(`${index}`)),
    );
    await raw.del(...(await entries()));
    expect(await cache.invalidate({ collection: 'docs', tag: 'any' })).toEqual({ removed: 0 });
    expect(await cache.invalidate({ collection: 'docs' })).toEqual({ removed: 0 });
    expect(await raw.exists('ai_cache:i:collection:docs')).toBe(0);
  });

  it('does not grow when an answer is stored again and again', async () => {
    const { cache } = openCache({ redis: redis.url });
    for (let time = 0; time < 5; time += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await cache.set(docs('a'), `answer ${time}`);
    }
    expect(new Set(Object.values(await indexed()))).toEqual(new Set([1]));
  });

  it('that was lost leaves entries that nobody is served any more', async () => {
    const [one, two] = [openCache({ redis: redis.url }), openCache({ redis: redis.url, memory: false })];
    await stored(one.cache, [docs('a')]);
    await raw.del('ai_cache:i:collection:docs');
    expect(await one.cache.invalidate({ collection: 'docs' })).toEqual({ removed: 0 });
    expect([await one.read(docs('a')), await two.read(docs('a'))]).toEqual([undefined, undefined]);
    expect(await entries()).toHaveLength(1);
  });
});

const COUNT = 20_000;
const COVERED = 2_000;

describe(`${COVERED} entries of ${COUNT}`, () => {
  it('are removed by small commands, counted to the last, while others are read', { timeout: 120_000 }, async () => {
    const { cache } = openCache({ redis: redis.url, memory: false, compression: false });
    const requests = Array.from({ length: COUNT }, (_, index) =>
      docs(`question ${index}`, { collection: index % (COUNT / COVERED) === 0 ? 'articles' : 'others' }),
    );
    await stored(cache, requests);
    const monitor = await startMonitor(redis);
    const over = new AbortController();
    let reads = 0;
    // Steady traffic, one read after the other.
    const read = async (): Promise<void> => {
      reads += 1;
      await cache.get(requests[(reads * 7) % COUNT] as AIRequest);
      if (!over.signal.aborted) await read();
    };
    const reading = read();
    const invalidated = await cache.invalidate({ collection: 'articles' });
    over.abort();
    await reading;
    expect(reads).toBeGreaterThan(10);
    expect(invalidated).toEqual({ removed: COVERED });
    const commands = await monitor.commands();
    const names = new Set(commands.map(([name = '']) => name.toLowerCase()));
    expect(names).toContain('unlink');
    for (const forbidden of ['keys', 'scan', 'sscan', 'hscan', 'zscan', 'flushdb', 'flushall']) {
      expect(names).not.toContain(forbidden);
    }
    expect(Math.max(...commands.map((command) => command.length))).toBeLessThanOrEqual(1_001);
    expect(await entries()).toHaveLength(COUNT - COVERED);
    expect(await cache.invalidate({ provider: 'openai' })).toEqual({ removed: COUNT - COVERED });
    expect((await raw.keys('*')).filter((key) => !key.includes('{'))).toEqual([]);
  });
});
