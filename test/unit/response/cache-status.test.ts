import fc from 'fast-check';
import { parseList } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import { cacheStatusOf, type CacheStatus } from '../../../src/response/cache-status.ts';

const write = cacheStatusOf('ai-cache');

describe('a member of Cache-Status', () => {
  it.each<[CacheStatus, string]>([
    [{ hit: true, ttlSeconds: 59.9 }, 'ai-cache; hit; ttl=59'],
    [{ hit: true, ttlSeconds: -3.2, detail: 'redis' }, 'ai-cache; hit; ttl=-4; detail=redis'],
    // A stale answer never reads as if it were just fresh.
    [{ hit: true, ttlSeconds: -0.001 }, 'ai-cache; hit; ttl=-1'],
    [{ fwd: 'miss', stored: true }, 'ai-cache; fwd=miss; stored'],
    [{ fwd: 'miss', stored: false, detail: 'no-store' }, 'ai-cache; fwd=miss; detail=no-store'],
    [{ fwd: 'miss', collapsed: true }, 'ai-cache; fwd=miss; collapsed'],
    [{ fwd: 'method' }, 'ai-cache; fwd=method'],
    [{ fwd: 'bypass', detail: 'two words' }, 'ai-cache; fwd=bypass; detail="two words"'],
    [{ fwd: 'miss', key: 'abcdef0123456789ffff' }, 'ai-cache; fwd=miss; key="abcdef0123456789"'],
    [{ fwd: 'miss', key: '0123456789abcdefffff' }, 'ai-cache; fwd=miss; key="0123456789abcdef"'],
  ])('for %j is %s', (status, member) => {
    expect(write(status)).toBe(member);
  });

  it.each([
    ['answers', 'answers; fwd=miss'],
    ['a/b:c.d-e_f', 'a/b:c.d-e_f; fwd=miss'],
    ['ai cache', '"ai cache"; fwd=miss'],
    ['1st', '"1st"; fwd=miss'],
  ])('of the cache %s is %s', (name, member) => {
    expect(cacheStatusOf(name)({ fwd: 'miss' })).toBe(member);
  });

  it('is always a list of RFC 9651 with one member', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii' });
    const status = fc.oneof(
      fc.record({
        hit: fc.constant(true as const),
        ttlSeconds: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        detail: ascii,
        key: ascii,
      }),
      fc.record({
        fwd: fc.constantFrom('miss', 'bypass', 'request'),
        stored: fc.boolean(),
        collapsed: fc.boolean(),
        detail: ascii,
      }),
    ) as fc.Arbitrary<CacheStatus>;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), status, (name, one) => {
        const member = cacheStatusOf(name)(one);
        const list = parseList(member);
        expect(list).toHaveLength(1);
        expect(String(list[0]?.[0])).toBe(name);
      }),
    );
  });
});
