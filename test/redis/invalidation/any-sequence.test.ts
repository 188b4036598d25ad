import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AICacheError } from '../../../src/errors.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Model, MODEL_OPTIONS, step, type Step } from './model.ts';

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);

let redis: RedisServer;
let clock: ManualClock;
let caches: AIResponseCache[];
let runs = 0;
let steps = 0;
const errors: AICacheError[] = [];

beforeAll(async () => {
  redis = await startRedis();
  clock = manualClock();
  const onError = (error: AICacheError): void => {
    // The models here are nobody's.
    if (error.code !== 'UNKNOWN_MODEL') errors.push(error);
  };
  const options = { redis: redis.url, redisTimeoutMs: 10_000, telemetry: false, onError, ...MODEL_OPTIONS } as const;
  caches = [{}, {}, { memory: false } as const].map((more) => new AIResponseCache({ ...options, ...more }, clock));
  await Promise.all(caches.map((cache) => cache.connect()));
  process.stdout.write(`any-sequence.test.ts: FC_SEED=${SEED}\n`);
});

afterAll(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await redis.stop();
});

async function inTurn(batches: readonly (readonly Step[])[]): Promise<void> {
  runs += 1;
  steps += batches.flat().length;
  const model = new Model(caches, clock, `run ${runs}`);
  for (const batch of batches) {
    // oxlint-disable-next-line no-await-in-loop -- the steps of a batch at once, the batches in turn
    await Promise.all(batch.map((what) => model.run(what)));
  }
}

it('one after the other: no read gives what was invalidated or expired before it', { timeout: 120_000 }, async () => {
  const oneByOne = fc.array(step, { minLength: 5, maxLength: 40 }).map((list) => list.map((what) => [what]));
  await fc.assert(fc.asyncProperty(oneByOne, inTurn), { seed: SEED, numRuns: 1_000 });
});

it(
  'at the same time: no read gives what began to be made before something that speaks against it',
  { timeout: 120_000 },
  async () => {
    const atOnce = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 15 });
    await fc.assert(fc.asyncProperty(atOnce, inTurn), { seed: SEED, numRuns: 1_000 });
  },
);

it('did thousands of steps, without an error that was answered by going on', () => {
  expect(steps).toBeGreaterThan(10_000);
  expect(errors).toEqual([]);
  expect(caches.map((cache) => cache.stats().hits > 200)).toEqual([true, true, true]);
});
