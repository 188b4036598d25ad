import { describe, expect, it } from 'vitest';
import { selectorOf } from '../../../src/direct/selector.ts';
import type { AICacheError } from '../../../src/errors.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';
import { tagDigest } from '../../../src/tiers/invalidation-selector.ts';

const keys = new CacheKeyGenerator();
const REQUEST = { text: 'What is a cache?', provider: 'openai' };
const DIGEST = keys.keyFor(REQUEST).digest;

function refusalOf(given: unknown): AICacheError {
  try {
    selectorOf(given, keys);
  } catch (error) {
    return error as AICacheError;
  }
  throw new Error('the selector was taken');
}

describe('a selector', () => {
  it('takes names as they are, one or several of each field', () => {
    expect(
      selectorOf({ provider: 'a*', model: ['[x]', 'a:b'], collection: '{x}', operation: '😀', tag: undefined }, keys),
    ).toEqual({ provider: ['a*'], model: ['[x]', 'a:b'], collection: ['{x}'], operation: ['😀'] });
  });

  it('takes a name with half a character in it: that one is meant', () => {
    expect(selectorOf({ collection: '\uD800' }, keys)).toEqual({ collection: ['\uD800'] });
  });

  it('holds digests in place of tags, which may name a person', () => {
    expect(selectorOf({ tag: ['user:1', 'b'] }, keys)).toEqual({ tag: [tagDigest('user:1'), tagDigest('b')] });
  });

  it('takes a key as a request or as its digest', () => {
    expect(selectorOf({ key: [REQUEST, DIGEST] }, keys)).toEqual({ key: [DIGEST, DIGEST] });
    expect(selectorOf({ key: { ...REQUEST, tags: ['any'] } }, keys)).toEqual({ key: [DIGEST] });
  });

  it.each([
    ['nothing', undefined, 'selector'],
    ['null', null, 'selector'],
    ['a string', 'docs', 'selector'],
    ['an array', [{ tag: 'a' }], 'selector'],
    ['no field', {}, 'selector'],
    ['undefined fields alone', { tag: undefined }, 'selector'],
    ['an empty name', { tag: '' }, 'tag'],
    ['a name that is a number', { collection: 7 }, 'collection'],
    ['a name that is an object', { collection: { $ne: '' } }, 'collection'],
    ['a name that is null', { collection: null }, 'collection'],
    ['a name that is too long', { model: 'm'.repeat(1_001) }, 'model'],
    ['a name of 100 kB', { model: 'm'.repeat(100_000) }, 'model'],
    ['no names', { provider: [] }, 'provider'],
    ['too many names', { provider: Array.from({ length: 101 }, String) }, 'provider'],
    ['one bad name among others', { provider: ['a', ''] }, 'provider'],
    ['names too long altogether', { provider: Array.from({ length: 11 }, () => 'p'.repeat(1_000)) }, 'selector'],
    ['a key that is no digest', { key: 'abc' }, 'key'],
    ['a key in capitals', { key: DIGEST.toUpperCase() }, 'key'],
    ['a key with a pattern', { key: `${DIGEST.slice(0, 63)}*` }, 'key'],
    ['a field it does not have', { colection: 'docs' }, 'colection'],
    ['a field of every object', JSON.parse('{"__proto__":"docs"}'), '__proto__'],
  ])('is refused with the name of the field: %s', (_what, given, field) => {
    expect(refusalOf(given)).toMatchObject({ code: 'INVALID_SELECTOR', option: field, status: 400 });
  });

  it('names the field that was meant', () => {
    expect(refusalOf({ colection: 'docs' }).message).toContain('Did you mean "collection"?');
  });

  it('is said to be wrong itself where no field is', () => {
    expect(refusalOf({}).message).toMatch(/^The selector is not an object with at least one field\./);
    expect(refusalOf({ provider: Array.from({ length: 11 }, () => 'p'.repeat(1_000)) }).message).toMatch(
      /^The selector is not an object of at most 10000 characters altogether\./,
    );
  });

  it('never repeats a value', () => {
    for (const given of [{ tag: ['secret', ''] }, { key: 'secret' }, { model: `secret${'m'.repeat(1_000)}` }]) {
      expect(refusalOf(given).message).not.toContain('secret');
    }
  });

  it('is refused as a request is where its key is a bad one', () => {
    expect(refusalOf({ key: { text: 7 } })).toMatchObject({ code: 'INVALID_REQUEST', option: 'text' });
    expect(refusalOf({ key: { text: 'a', options: { n: 2 ** 60 } } })).toMatchObject({ code: 'UNKEYABLE' });
  });
});
