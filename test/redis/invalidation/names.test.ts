import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EntrySelector } from '../../../src/direct/selector.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, errorOf, openCache } from './open-cache.ts';

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

/** Each must be told from all others, and from what it would mean as a pattern, a part of a key or a hash tag. */
const NAMES = [
  '*',
  'a*',
  '[x]',
  'a:b',
  '{x}',
  'a',
  'ab',
  'x',
  'a b',
  'a%3Ab',
  'A',
  '?',
  '\\',
  '\\*',
  '"',
  "'",
  '\n',
  '\0',
  '../e',
  'e:1',
  '%-',
  '-',
  'unknown',
  '__proto__',
  'constructor',
  '😀',
  '😀'.slice(0, 1),
  '😀'.slice(1),
  'é',
  'e\u0301',
  ' ',
  'n'.repeat(1_000),
  'n'.repeat(999),
  '😀'.repeat(500),
];

const FIELDS = ['provider', 'model', 'operation', 'collection', 'tag'] as const;

function requestWith(field: (typeof FIELDS)[number], name: string) {
  return docs('a', field === 'tag' ? { tags: [name] } : { [field]: name });
}

describe.each(FIELDS)('as a %s', (field) => {
  it('every name removes its own and nothing else, in both tiers', async () => {
    const { cache, read } = openCache({ redis: redis.url });
    const requests = NAMES.map((name, index) => ({ ...requestWith(field, name), text: `${index}` }));
    for (const [index, name] of NAMES.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one name after the other
      await cache.setMany(requests.map((request) => ({ request, response: request.text })));
      const selector: EntrySelector = { [field]: name };
      // oxlint-disable-next-line no-await-in-loop
      expect([name, await cache.invalidate(selector)]).toEqual([name, { removed: 1 }]);
      // oxlint-disable-next-line no-await-in-loop
      const left = await Promise.all(requests.map((request) => read(request)));
      expect(left.flatMap((found, place) => (found === undefined ? [place] : []))).toEqual([index]);
    }
  });

  it('a name that is empty or too long is refused, and no other name reaches it', async () => {
    const { cache, read } = openCache({ redis: redis.url });
    const names = ['', 'n'.repeat(1_001), 'n'.repeat(100_000), '😀'.repeat(25_000)];
    const requests = names.map((name, index) => ({ ...requestWith(field, name), text: `${index}` }));
    await cache.setMany(requests.map((request) => ({ request, response: 'there' })));
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await errorOf(cache.invalidate({ [field]: name }))).toMatchObject({
        code: 'INVALID_SELECTOR',
        option: field,
      });
    }
    await cache.invalidate({ [field]: ['n', 'n'.repeat(1_000), '*'] });
    const found = await Promise.all(requests.map((request) => read(request)));
    expect(found.every((text) => text?.startsWith('there'))).toBe(true);
    expect(await cache.invalidate({ key: requests })).toEqual({ removed: 4 });
  });
});

it('every index has a name without anything that Redis or a Cluster gives a meaning to', async () => {
  const { cache } = openCache({ redis: redis.url });
  await cache.setMany(
    NAMES.flatMap((name) => FIELDS.map((field) => ({ request: requestWith(field, name), response: 'a' }))),
  );
  const names = await raw.keys('ai_cache:[ei]:*');
  expect(names.length).toBeGreaterThan(200);
  expect(names.filter((name) => !/^ai_cache:[ei]:[\w:%.~-]+$/.test(name))).toEqual([]);
});
