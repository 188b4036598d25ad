import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TtlOptions } from '../../../src/config/options.ts';
import { parseCacheOptions } from '../../../src/config/parse.ts';
import type { CostTier } from '../../../src/config/config.ts';
import {
  EXAMPLE_OPERATION_SECONDS,
  explainTtl,
  jittered,
  type TtlExplanation,
  type TtlSubject,
} from '../../../src/policy/ttl.ts';

const HOUR = 3_600;
const DAY = 86_400;

function explained(subject: TtlSubject, options: TtlOptions = {}, tier: CostTier = 'medium'): TtlExplanation {
  return explainTtl(subject, parseCacheOptions({ ttl: options }).ttl, () => tier);
}

describe('the base of a lifetime', () => {
  const operations = { operations: EXAMPLE_OPERATION_SECONDS };

  it.each<[string, TtlSubject, TtlOptions, number, TtlExplanation['source']]>([
    ['nothing', {}, {}, DAY, 'default'],
    ['nothing, with a default of its own', {}, { defaultSeconds: 60 }, 60, 'default'],
    ['an operation that is not configured', { operation: 'summarize' }, {}, DAY, 'default'],
    ['summarize', { operation: 'summarize' }, operations, 2 * HOUR, 'operation'],
    ['sentiment', { operation: 'sentiment' }, operations, 24 * HOUR, 'operation'],
    ['key_points', { operation: 'key_points' }, operations, 2 * HOUR, 'operation'],
    ['questions', { operation: 'questions' }, operations, HOUR, 'operation'],
    ['qa', { operation: 'qa' }, operations, HOUR / 2, 'operation'],
    ['an operation that an object has by birth', { operation: 'constructor' }, operations, DAY, 'default'],
    ['critical', { contentType: 'critical' }, {}, 12 * HOUR, 'contentType'],
    ['standard', { contentType: 'standard' }, {}, 24 * HOUR, 'contentType'],
    ['static', { contentType: 'static' }, {}, 7 * DAY, 'contentType'],
    ['temporary', { contentType: 'temporary' }, {}, 6 * HOUR, 'contentType'],
    [
      'temporary, as the options have it',
      { contentType: 'temporary' },
      { contentTypes: { temporary: 60 } },
      60,
      'contentType',
    ],
    [
      'an operation before a content type',
      { operation: 'qa', contentType: 'static' },
      operations,
      HOUR / 2,
      'operation',
    ],
    [
      'a content type behind an operation not configured',
      { operation: 'x', contentType: 'static' },
      operations,
      7 * DAY,
      'contentType',
    ],
    [
      'a model before both',
      { model: 'm', operation: 'qa', contentType: 'static' },
      { ...operations, models: { m: 5 } },
      5,
      'model',
    ],
    ['a model by the beginning of its name', { model: 'gpt-4o-mini' }, { models: { 'gpt-4o*': 5 } }, 5, 'model'],
    ['another model', { model: 'n' }, { models: { m: 5 } }, DAY, 'default'],
  ])('of %s', (_what, subject, options, base, source) => {
    expect(explained(subject, options)).toMatchObject({ base, source, ttlSeconds: base });
  });
});

describe('what the base is multiplied by', () => {
  it.each([
    ['very_high', 2],
    ['high', 1.5],
    ['medium', 1],
    ['low', 0.8],
  ] as const)('a model of the tier %s makes it × %d', (tier, multiplier) => {
    const found = explained({ model: 'm' }, { defaultSeconds: 1_000 }, tier);
    expect(found).toMatchObject({ tier, multiplier, ttlSeconds: 1_000 * multiplier });
  });

  it('is as the options have it', () => {
    const costTiers = { very_high: 10 };
    expect(explained({}, { defaultSeconds: 10, costTiers }, 'very_high').ttlSeconds).toBe(100);
    expect(explained({}, { defaultSeconds: 10, costTiers }, 'high').ttlSeconds).toBe(15);
  });

  it.each([
    [undefined, 1],
    [0, 0.5],
    [0.5, 0.5],
    [0.75, 0.75],
    [1.5, 1.5],
    [3, 1.5],
    [-1, 0.5],
  ])('a confidence of %j counts as %d', (confidence, counted) => {
    const subject = confidence === undefined ? {} : { confidence };
    expect(explained(subject, { defaultSeconds: 1_000 })).toMatchObject({
      confidence: counted,
      ttlSeconds: 1_000 * counted,
    });
  });

  it('is both, and what comes of it is capped', () => {
    const options = { defaultSeconds: 1_000, maxSeconds: 2_000 };
    expect(explained({ confidence: 0.5 }, options, 'high').ttlSeconds).toBe(750);
    expect(explained({ confidence: 1.5 }, options, 'high').ttlSeconds).toBe(2_000);
  });

  it('leaves the exact lifetime of a model alone, but for the cap', () => {
    const options = { models: { m: 1_000 }, maxSeconds: 900 };
    const found = explained({ model: 'm', confidence: 0.5 }, options, 'very_high');
    expect(found).toEqual({
      ttlSeconds: 900,
      base: 1_000,
      tier: 'very_high',
      multiplier: 1,
      confidence: 1,
      source: 'model',
    });
  });
});

describe('jitter', () => {
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/);

  it.each([
    ['0'.repeat(64), 900],
    [`8${'0'.repeat(63)}`, 1_000],
    [`c${'0'.repeat(63)}`, 1_050],
    ['f'.repeat(64), 1_100],
  ])('of a tenth makes 1 000 s of the key %s %d s', (key, seconds) => {
    expect(jittered(1_000, 0.1, key)).toBeCloseTo(seconds, 3);
  });

  it('of 0 is exact', () => {
    fc.assert(
      fc.property(digest, fc.double({ min: 0.1, max: 1e9, noNaN: true }), (key, seconds) => {
        expect(jittered(seconds, 0, key)).toBe(seconds);
      }),
    );
  });

  it('stays within its share, in whole milliseconds, and is the same every time', () => {
    fc.assert(
      fc.property(digest, fc.nat(1e6), fc.double({ min: 0, max: 0.5, noNaN: true }), (key, seconds, share) => {
        const found = jittered(seconds, share, key);
        expect(Math.abs(found - seconds)).toBeLessThanOrEqual(seconds * share + 0.001);
        expect(found * 1000).toBeCloseTo(Math.round(found * 1000), 3);
        expect(jittered(seconds, share, key)).toBe(found);
      }),
    );
  });

  it('spreads the keys over the whole range', () => {
    const keys = Array.from({ length: 16 }, (_, index) => index.toString(16) + '7'.repeat(63));
    const found = keys.map((key) => jittered(1_000, 0.1, key));
    expect(new Set(found).size).toBe(16);
    expect(Math.min(...found)).toBeLessThan(910);
    expect(Math.max(...found)).toBeGreaterThan(1_090);
  });
});
