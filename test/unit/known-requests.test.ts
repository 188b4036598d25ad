import { describe, expect, it } from 'vitest';
import { createParts } from '../../src/cache-parts.ts';
import { systemClock } from '../../src/clock.ts';
import { parseCacheOptions } from '../../src/config/parse.ts';

const GIB = 1024 ** 3;

/** Of so many requests, one after the other: how many are known again by their alias? */
function knownOf(requests: number, memory: { maxEntries: number; maxBytes: number } | undefined): number {
  const options = memory === undefined ? {} : { memory };
  const { aliases } = createParts(parseCacheOptions({ ...options, telemetry: false }), systemClock);
  const names = Array.from({ length: requests }, (_, index) => `alias ${index}`);
  for (const name of names) aliases.set(name, { key: { text: name, digest: name }, textLength: 0 });
  return names.filter((name) => aliases.get(name) !== undefined).length;
}

describe('the table of requests that are known again', () => {
  it('has room for as many as memory may have entries', () => {
    expect(knownOf(20_000, { maxEntries: 20_000, maxBytes: GIB })).toBe(20_000);
  });

  it('is bounded by entries and by bytes', () => {
    expect(knownOf(20_000, undefined)).toBeLessThanOrEqual(10_000);
    expect(knownOf(50_000, { maxEntries: 50_000, maxBytes: 1_000_000 })).toBeLessThan(20_000);
  });
});
