import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAcceptable,
  requestTermsOf,
  type RequestHeaders,
  type RequestTerms,
} from '../../../src/policy/request-directives.ts';

const NONE: RequestTerms = { noStore: false, noCache: false, onlyIfCached: false };

describe('the terms of a request', () => {
  it.each<[headers: RequestHeaders, terms: RequestTerms | undefined]>([
    [{}, undefined],
    [{ 'cache-control': 'public, x=1' }, undefined],
    [{ 'cache-control': 'No-Cache' }, { ...NONE, noCache: true }],
    [{ 'cache-control': 'no-store' }, { ...NONE, noStore: true }],
    [{ 'cache-control': 'only-if-cached' }, { ...NONE, onlyIfCached: true }],
    [{ 'cache-control': 'max-age=5, min-fresh=6' }, { ...NONE, maxAge: 5, minFresh: 6 }],
    [{ 'cache-control': 'max-age=soon' }, { ...NONE, maxAge: 0 }],
    [{ 'cache-control': 'max-stale' }, { ...NONE, maxStale: Infinity }],
    [{ 'cache-control': 'max-stale=7' }, { ...NONE, maxStale: 7 }],
    [{ pragma: 'no-cache' }, { ...NONE, noCache: true }],
    [{ pragma: 'x' }, undefined],
    [{ pragma: 'no-cache', 'cache-control': 'x' }, undefined],
  ])('of %j are %j', (headers, terms) => {
    expect(requestTermsOf(headers)).toEqual(terms);
  });

  it.each<[terms: Partial<RequestTerms>, age: number, freshFor: number, acceptable: boolean]>([
    [{}, 100, -100, true],
    [{ noCache: true }, 0, 100, false],
    [{ maxAge: 5 }, 5, 1, true],
    [{ maxAge: 5 }, 5.1, 1, false],
    [{ minFresh: 5 }, 0, 5, true],
    [{ minFresh: 5 }, 0, 4.9, false],
  ])('%j take an answer of %d s that is fresh for %d s more: %s', (terms, age, freshFor, acceptable) => {
    expect(isAcceptable({ ...NONE, ...terms }, age, freshFor)).toBe(acceptable);
  });

  it('are read from every text', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(fc.property(text, text, (a, b) => void requestTermsOf({ 'cache-control': a, pragma: b })));
  });
});
