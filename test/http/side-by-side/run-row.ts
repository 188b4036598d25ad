import type express from 'express';
import { expect, onTestFinished } from 'vitest';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import { aiCache, AIResponseCache, type AICacheError } from '../../../src/index.ts';
import { compare, saidOf, type Exchange } from './compare.ts';
import type { Difference } from './differences.ts';
import type { Row } from './row.ts';
import { nothing, Side, type Connections } from './side.ts';

const SAME: Connections = [[{}], [{}]];

/** Asks the row's app without the cache and with it, and compares every byte, and everything the app saw. */
export async function runRow(make: typeof express, row: Row): Promise<void> {
  const { connections = SAME, says = ['fwd=miss; stored', 'hit'], runs = 1, differs = [] } = row;
  const { cache, errors } = freshCache();
  const [plain, cached] = [new Side(make, row, nothing), new Side(make, row, aiCache({ cache, ...row.route }))];
  const expected = await plain.ask(connections);
  const got = await cached.ask(connections, () => settled(cache, cached));
  expect(saidIn(got)).toEqual(says);
  const found = compareAll(differs, expected, got);
  // A difference that there is not would hide one to come.
  expect(differs.filter((name) => !found.has(name))).toEqual([]);
  expect(cached.runs).toBe(runs);
  expect(errors).toEqual([]);
}

/** The same with a cache whose handler always runs: nothing may differ. */
export async function runUnused(make: typeof express, row: Row, options: AIResponseCacheOptions): Promise<void> {
  const { connections = SAME, differs = [] } = row;
  const { cache, errors } = freshCache(options);
  const [plain, cached] = [new Side(make, row, nothing), new Side(make, row, aiCache({ cache, ...row.route }))];
  compareAll(differs, await plain.ask(connections), await cached.ask(connections));
  expect(cached.runs).toBe(plain.runs);
  expect(errors).toEqual([]);
}

/** Two equal requests at the same time: the second gets the answer to the first as it would have got its own. */
export async function runTogether(make: typeof express, row: Row): Promise<void> {
  const { says: [first] = ['fwd=miss; stored'], differs = [] } = row;
  const { cache, errors } = freshCache();
  const gate = Promise.withResolvers<void>();
  const plain = new Side(make, row, nothing, Promise.resolve());
  const cached = new Side(make, row, aiCache({ cache, ...row.route }), gate.promise);
  const expected = await plain.ask(SAME);
  const got = await cached.askTwo(gate.resolve);
  expect(saidIn(got)).toEqual([first, 'fwd=miss; collapsed']);
  compareAll(differs, expected, got);
  expect(cached.runs).toBe(1);
  expect(errors).toEqual([]);
}

/** Can two equal requests share the row's answer? */
export const isShared = ({ connections, says, runs }: Row): boolean =>
  connections === undefined && runs === undefined && (says?.[1] ?? 'hit') === 'hit';

function freshCache(options: AIResponseCacheOptions = {}): { cache: AIResponseCache; errors: readonly AICacheError[] } {
  const errors: AICacheError[] = [];
  const onError = (error: AICacheError): unknown => errors.push(error);
  const cache = new AIResponseCache({ telemetry: false, ttl: { jitter: 0 }, onError, ...options });
  onTestFinished(() => cache.close());
  return { cache, errors };
}

function saidIn(exchanges: readonly Exchange[]): (string | undefined)[] {
  return exchanges.flatMap(({ answers }) => answers.filter(({ status }) => status >= 200).map(saidOf));
}

function compareAll(
  differs: readonly Difference[],
  expected: readonly Exchange[],
  got: readonly Exchange[],
): Set<Difference> {
  expect(got).toHaveLength(expected.length);
  return new Set(got.flatMap((exchange, index) => compare(differs, expected[index] as Exchange, exchange)));
}

/** Resolves when the cache has counted every request that came to it, so that what they left behind is stored. */
async function settled(cache: AIResponseCache, side: Side): Promise<void> {
  const counted = (): number => {
    const { hits, misses, stale, coalesced, bypassed, errors } = cache.stats();
    return hits + misses + stale + coalesced + bypassed + errors;
  };
  await expect.poll(counted, { timeout: 10_000, interval: 1 }).toBe(side.reached);
}
