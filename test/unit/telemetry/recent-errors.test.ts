import { describe, expect, it } from 'vitest';
import { cacheClosed, unknownModel } from '../../../src/errors.ts';
import { RecentErrors } from '../../../src/telemetry/recent-errors.ts';
import { manualClock } from '../../support/manual-clock.ts';

const failed = (errorType: string) => ({ type: 'fill-ended', reason: 'miss', durationMs: 5, errorType }) as const;

describe('the recent errors', () => {
  it('count equal ones, and have the one that came last first', () => {
    const clock = manualClock();
    const errors = new RecentErrors(clock);
    errors.add(cacheClosed());
    clock.advance(1_000);
    errors.observe(failed('TypeError'));
    clock.advance(1_000);
    errors.add(cacheClosed());
    expect(errors.list()).toEqual([
      { source: 'cache', code: 'CLOSED', message: cacheClosed().message, count: 2, lastAt: '2026-01-01T00:00:02.000Z' },
      { source: 'handler', code: 'TypeError', count: 1, lastAt: '2026-01-01T00:00:01.000Z' },
    ]);
  });

  it('tell errors with the same code and another message apart', () => {
    const errors = new RecentErrors(manualClock());
    errors.add(unknownModel('"a"', undefined));
    errors.add(unknownModel('"b"', undefined));
    expect(errors.list().map(({ code, count }) => [code, count])).toEqual([
      ['UNKNOWN_MODEL', 1],
      ['UNKNOWN_MODEL', 1],
    ]);
  });

  it('are none where fills went well', () => {
    const errors = new RecentErrors(manualClock());
    errors.observe({ type: 'fill-ended', reason: 'miss', durationMs: 5 });
    errors.observe({ type: 'fill-started' });
    expect(errors.list()).toEqual([]);
  });

  it('are the 20 kinds that came last, with names of a bounded length', () => {
    const errors = new RecentErrors(manualClock());
    for (let number = 1; number <= 1_000; number += 1) errors.observe(failed(`E${number}`));
    errors.observe(failed('x'.repeat(10_000)));
    const kinds = errors.list();
    expect(kinds).toHaveLength(20);
    expect(kinds.map(({ code }) => code).slice(0, 3)).toEqual(['x'.repeat(128), 'E1000', 'E999']);
  });
});
