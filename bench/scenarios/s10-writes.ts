/** Many writes: one by one, and in one call where this build has it. */
import type { AIResponseCache } from 'express-ai-cache';
import type { Bench, LeftOut, Table } from '../bench.ts';
import { shown, spreadOf } from '../measure/statistics.ts';
import { countOf, entries, withCache, type Given } from './s10-entries.ts';

interface SetMany {
  setMany(given: readonly Given[]): Promise<ReadonlyArray<{ readonly stored: boolean }>>;
}

type Way = (cache: AIResponseCache, given: readonly Given[]) => Promise<number>;

const oneByOne: Way = async (cache, given) => {
  let stored = 0;
  for (const { request, response } of given) if ((await cache.set(request, response)).stored) stored += 1;
  return stored;
};

const atOnce: Way = async (cache, given) => {
  const results = await Promise.all(given.map(({ request, response }) => cache.set(request, response)));
  return results.filter(({ stored }) => stored).length;
};

const inOneCall: Way = async (cache, given) => {
  const results = await (cache as AIResponseCache & SetMany).setMany(given);
  return results.filter(({ stored }) => stored).length;
};

export async function writes(bench: Bench): Promise<Table> {
  const count = countOf(bench);
  const ways: Array<[string, Way]> = [
    ['`set`, one after the other', oneByOne],
    ['`set`, all at once', atOnce],
  ];
  const leftOut: LeftOut[] = [];
  if (await hasSetMany()) ways.push(['`setMany`', inOneCall]);
  else leftOut.push({ name: '`setMany`', why: 'this build does not have it' });
  const times = new Map<string, number[]>(ways.map(([name]) => [name, []]));
  for (let round = 1; round <= bench.rounds; round += 1) {
    bench.say(`  ${count} writes, round ${round}`);
    for (const [name, way] of ways) times.get(name)?.push(await timed(bench, name, way, entries(count, round * count)));
  }
  const first = spreadOf(times.get(ways[0]?.[0] ?? '') ?? []).median;
  return {
    id: 's10-writes',
    title: `S10 ${count.toLocaleString('en')} writes to Redis`,
    about: 'Answers of 4 KB of prose, compressed as by default, into an empty Redis without a memory tier.',
    columns: ['way', 'ms', '× as fast as the first'],
    rows: [...times].map(([name, each]) => {
      const spread = spreadOf(each);
      return [name, shown(spread, 0), (first / spread.median).toFixed(1)];
    }),
    leftOut,
    data: Object.fromEntries(times),
  };
}

function timed(bench: Bench, name: string, way: Way, given: readonly Given[]): Promise<number> {
  return withCache({}, async (cache) => {
    const startedAt = performance.now();
    const stored = await way(cache, given);
    const ms = performance.now() - startedAt;
    if (stored !== given.length) bench.fail(`S10 ${name}: ${stored} of ${given.length} stored`);
    return ms;
  });
}

async function hasSetMany(): Promise<boolean> {
  const { AIResponseCache } = await import('express-ai-cache');
  return 'setMany' in AIResponseCache.prototype;
}
