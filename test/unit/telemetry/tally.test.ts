import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import { LabelCap } from '../../../src/telemetry/label-cap.ts';
import type { Outcome } from '../../../src/telemetry/outcome.ts';
import { Tally } from '../../../src/telemetry/tally.ts';

function request(outcome: Partial<Outcome>): CacheEvent {
  return { type: 'request', outcome: { result: 'hit', status: 200, durationMs: 10, ...outcome } };
}

function tallyOf(...events: readonly CacheEvent[]): Tally {
  const tally = new Tally();
  for (const event of events) tally.observe(event);
  return tally;
}

const gpt = { provider: 'openai', model: 'gpt' };
const claude = { provider: 'anthropic', model: 'claude' };

describe('the tally', () => {
  it('counts requests by how they were answered, for each provider and model', () => {
    const stats = tallyOf(
      request({ ...gpt, result: 'hit' }),
      request({ ...gpt, result: 'miss' }),
      request({ ...gpt, result: 'stale' }),
      request({ ...claude, result: 'coalesced' }),
      request({ ...claude, result: 'error' }),
      request({ result: 'bypass' }),
    ).stats();
    expect(stats).toMatchObject({
      hits: 1,
      misses: 1,
      stale: 1,
      coalesced: 1,
      bypassed: 1,
      errors: 1,
      hitRatio: 3 / 5,
    });
    expect(stats.byModel).toMatchObject([
      { ...claude, coalesced: 1, errors: 1, hitRatio: 0.5 },
      { ...gpt, hits: 1, misses: 1, stale: 1, hitRatio: 2 / 3 },
      { provider: 'unknown', model: 'unknown', bypassed: 1, hitRatio: null },
    ]);
  });

  it('adds up what answers without a fill saved, and counts those of which nobody knows the price as unknown', () => {
    const usage = { inputTokens: 100, outputTokens: 20 };
    const { saved, byModel } = tallyOf(
      request({ ...gpt, result: 'hit', usage, costUsd: 0.25, fillMs: 1_000 }),
      request({ ...gpt, result: 'coalesced', usage, costUsd: 0.25, fillMs: 1_000 }),
      request({ ...gpt, result: 'stale', fillMs: 500 }),
      request({ ...claude, result: 'hit', usage, fillMs: 500 }),
      request({ ...gpt, result: 'miss', usage, costUsd: 9, fillMs: 7_000 }),
      request({ ...gpt, result: 'error', usage, costUsd: 9, fillMs: 7_000 }),
    ).stats();
    expect(saved).toEqual({ usd: 0.5, inputTokens: 300, outputTokens: 60, seconds: 3, unknown: 2 });
    expect(byModel.map(({ model, saved: { usd, unknown } }) => [model, usd, unknown])).toEqual([
      ['claude', 0, 1],
      ['gpt', 0.5, 1],
    ]);
  });

  it('counts a call that was free as known', () => {
    const usage = { inputTokens: 100, outputTokens: 20 };
    const { saved } = tallyOf(request({ ...gpt, result: 'hit', usage, costUsd: 0 })).stats();
    expect(saved).toMatchObject({ usd: 0, inputTokens: 100, unknown: 0 });
  });

  it('counts the hit there would have been in shadow mode', () => {
    const usage = { inputTokens: 1, outputTokens: 2 };
    const stats = tallyOf(request({ mode: 'shadow', result: 'hit', usage, costUsd: 1, fillMs: 4_000 })).stats();
    expect(stats).toMatchObject({
      hits: 1,
      saved: { usd: 1, inputTokens: 1, outputTokens: 2, seconds: 4, unknown: 0 },
    });
  });

  it('tells of one provider or one model alone', () => {
    const tally = tallyOf(
      request(gpt),
      request({ provider: 'openai', model: 'mini', result: 'miss' }),
      request({ provider: 'azure', model: 'gpt', result: 'miss' }),
      request(claude),
    );
    expect(tally.stats({ provider: 'openai' })).toMatchObject({ hits: 1, misses: 1 });
    expect(tally.stats({ model: 'gpt' })).toMatchObject({ hits: 1, misses: 1 });
    expect(tally.stats({ provider: 'openai', model: 'gpt' }).byModel).toHaveLength(1);
    expect(tally.stats({ provider: 'nobody' })).toMatchObject({ hits: 0, misses: 0, hitRatio: null, byModel: [] });
  });

  it('stays bounded with 10 000 distinct models and loses no count', () => {
    const tally = new Tally();
    for (let number = 0; number < 10_000; number += 1)
      tally.observe(request({ provider: 'openai', model: `m-${number}` }));
    const stats = tally.stats();
    expect(stats.byModel).toHaveLength(101);
    expect(stats.hits).toBe(10_000);
    expect(tally.stats({ model: 'other' }).hits).toBe(9_900);
  });

  it('stays bounded where providers and models multiply', () => {
    const wide = { provider: new LabelCap(1_000), model: new LabelCap(1_000), errorType: new LabelCap() };
    const tally = new Tally(wide, 50);
    for (let number = 0; number < 1_000; number += 1) {
      tally.observe(request({ provider: `p-${number % 40}`, model: `m-${number}` }));
    }
    const stats = tally.stats();
    expect(stats.byModel).toHaveLength(51);
    expect(stats.hits).toBe(1_000);
    expect(tally.stats({ provider: 'other', model: 'other' }).hits).toBe(950);
  });

  it('gives a record that later requests do not change', () => {
    const tally = tallyOf(request(gpt));
    const before = tally.stats();
    tally.observe(request(gpt));
    expect(before.hits).toBe(1);
    expect(before.byModel[0]?.hits).toBe(1);
  });
});
