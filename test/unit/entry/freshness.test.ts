import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/entry/entry.ts';
import { freshnessOf, useOf, type Use } from '../../../src/entry/freshness.ts';

describe('the use of an entry that is stale from 100 on', () => {
  it.each<
    [
      windows: Partial<Pick<Entry, 'revalidateUntil' | 'errorUntil' | 'checkUntil' | 'variants'>>,
      uses: [now: number, use: Use][],
    ]
  >([
    [
      {},
      [
        [99, 'fresh'],
        [100, 'none'],
      ],
    ],
    [
      { revalidateUntil: 200 },
      [
        [99, 'fresh'],
        [100, 'while-revalidate'],
        [199, 'while-revalidate'],
        [200, 'none'],
      ],
    ],
    [
      { errorUntil: 200 },
      [
        [100, 'on-error'],
        [199, 'on-error'],
        [200, 'none'],
      ],
    ],
    [
      { revalidateUntil: 150, errorUntil: 200 },
      [
        [149, 'while-revalidate'],
        [150, 'on-error'],
        [200, 'none'],
      ],
    ],
    [
      { errorUntil: 150, checkUntil: 200 },
      [
        [149, 'on-error'],
        [150, 'check'],
        [200, 'none'],
      ],
    ],
    [
      { variants: { id: 'r', names: ['x-a'] }, revalidateUntil: 200, checkUntil: 300 },
      [
        [0, 'none'],
        [150, 'none'],
      ],
    ],
    [
      { revalidateUntil: 200, errorUntil: 150 },
      [
        [150, 'while-revalidate'],
        [200, 'none'],
      ],
    ],
  ])('with windows %j', (windows, uses) => {
    for (const [now, use] of uses) expect(useOf({ staleAt: 100, ...windows }, now), `at ${now}`).toBe(use);
  });

  it('is beside its freshness, which counts to the end of the longer window', () => {
    const entry = { staleAt: 100, expiresAt: 200 };
    expect([99, 100, 199, 200].map((now) => freshnessOf(entry, now))).toEqual(['fresh', 'stale', 'stale', 'expired']);
  });
});
