import { describe, expect, it } from 'vitest';
import type { ModelPrice } from '../../../src/config/config.ts';
import type { Usage } from '../../../src/entry/entry.ts';
import type { AICacheError } from '../../../src/errors.ts';
import type { Priced, PriceTable } from '../../../src/policy/price-table.ts';
import { Prices } from '../../../src/policy/prices.ts';
import { costUsdOf, type Rate, type Rates } from '../../../src/policy/rates.ts';
import { manualClock } from '../../support/manual-clock.ts';

const MILLION: Usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };
const flat = (usd: number): Rate => ({ usd, steps: [] });

function open(options: { given?: Record<string, ModelPrice>; table?: PriceTable; load?: () => PriceTable } = {}) {
  const errors: AICacheError[] = [];
  const asked: Priced[] = [];
  const clock = manualClock();
  const counted: PriceTable = (priced, at) => {
    asked.push(priced);
    return options.table?.(priced, at);
  };
  const load = options.load ?? (options.table && (() => counted));
  const prices = new Prices({
    given: options.given ?? {},
    clock,
    report: (error) => void errors.push(error),
    ...(load === undefined ? {} : { load }),
  });
  return { prices, errors, asked, clock };
}

describe('what tokens cost', () => {
  const rates: Rates = { input: flat(2), output: flat(8), cacheRead: flat(0.5), cacheWrite: flat(2.5) };

  it.each<[string, Rates, Usage, number]>([
    ['input and output', rates, { inputTokens: 1_000, outputTokens: 500 }, 0.006],
    ['none at all', rates, { inputTokens: 0, outputTokens: 0 }, 0],
    [
      'input from the cache of the provider',
      rates,
      { inputTokens: 1_000, outputTokens: 0, cacheReadTokens: 600 },
      0.0011,
    ],
    ['input written to it', rates, { inputTokens: 1_000, outputTokens: 0, cacheWriteTokens: 1_000 }, 0.0025],
    [
      'cached input without a rate of its own',
      { input: flat(2) },
      { inputTokens: 1_000, outputTokens: 0, cacheReadTokens: 600 },
      0.002,
    ],
    ['more cached input than input', rates, { inputTokens: 1_000, outputTokens: 0, cacheReadTokens: 5_000 }, 0.002],
    ['an embedding', { input: flat(2) }, { inputTokens: 1_000, outputTokens: 0 }, 0.002],
    ['a model that is free', { input: flat(0), output: flat(0) }, MILLION, 0],
  ])('of %s', (_what, charged, usage, usd) => {
    expect(costUsdOf(charged, usage)).toBeCloseTo(usd, 12);
  });

  it.each<[string, Rates, Usage]>([
    ['output without a rate', { input: flat(2) }, { inputTokens: 1_000, outputTokens: 1 }],
    ['input without a rate', { output: flat(2) }, { inputTokens: 1, outputTokens: 1 }],
    ['a model that is not charged by the token', {}, { inputTokens: 0, outputTokens: 0 }],
  ])('of %s is not known', (_what, charged, usage) => {
    expect(costUsdOf(charged, usage)).toBeUndefined();
  });

  it('follows the length of the input where the rate does', () => {
    const stepped: Rates = {
      input: {
        usd: 1,
        steps: [
          { above: 200, usd: 2 },
          { above: 400, usd: 4 },
        ],
      },
      output: flat(0),
    };
    const cost = (inputTokens: number): number =>
      (costUsdOf(stepped, { inputTokens, outputTokens: 0 }) ?? 0) * 1_000_000;
    expect([cost(200), cost(201), cost(400), cost(401)]).toEqual([200, 402, 800, 1_604]);
  });
});

describe('the shipped prices', () => {
  it.each([
    ['openai', 'gpt-4o-mini', 0.75],
    [undefined, 'gpt-4o-mini-2024-07-18', 0.75],
    ['anthropic', 'claude-3-haiku-20240307', 1.5],
    ['mistral', 'mistral-large-2411', 8],
    ['mistralai', 'mistral-large-2411', 8],
    ['anthropic', 'anthropic/claude-3-haiku-20240307', 1.5],
    ['openrouter', 'openai/gpt-4o-mini', 0.75],
    ['OpenAI', 'GPT-4o-mini', 0.75],
  ])('know that a million tokens in and out of %s %s cost %d USD', (provider, model, usd) => {
    const { prices, errors } = open();
    expect(prices.costUsd([{ provider, model }], MILLION)).toBeCloseTo(usd, 9);
    expect(errors).toEqual([]);
  });

  it.each([
    ['openai', 'no-such-model'],
    ['nobody', 'gpt-4o-mini'],
    [undefined, 'no-such-model'],
    [undefined, ''],
    [undefined, '__proto__'],
    ['openai', 'whisper-1'],
  ])('do not guess what %s %s costs', (provider, model) => {
    const { prices, errors } = open();
    expect(prices.costUsd([{ provider, model }], MILLION)).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'UNKNOWN_MODEL', option: 'prices' }]);
  });

  it('follow the hours of the day where the provider does', () => {
    const { prices, clock } = open();
    const priced = [{ provider: 'deepseek', model: 'deepseek-chat' }];
    const atMidnight = prices.costUsd(priced, MILLION);
    clock.advance(12 * 3_600_000);
    const atNoon = prices.costUsd(priced, MILLION);
    expect(atMidnight).toBeLessThan(atNoon as number);
  });
});

describe('the prices of a cache', () => {
  const table: PriceTable = ({ model }) => (model === 'known' ? { input: flat(1), output: flat(2) } : undefined);

  it('are those of the options first, by name or by its beginning', () => {
    const given = { 'my-*': { inputUsdPerMillion: 1, outputUsdPerMillion: 3 } };
    const { prices, asked } = open({ given, table });
    expect(prices.costUsd([{ provider: 'x', model: 'my-model' }], MILLION)).toBe(4);
    expect(prices.usdPerMillion({ model: 'my-model' })).toBe(1.5);
    expect(asked).toEqual([]);
  });

  it('are those of the first name that has one', () => {
    const { prices, errors } = open({ table });
    expect(prices.costUsd([{ model: 'alias' }, { model: 'known' }], MILLION)).toBe(3);
    expect(errors).toEqual([]);
  });

  it('load the table on first need, once, and only then', () => {
    let loads = 0;
    const load = (): PriceTable => {
      loads += 1;
      return table;
    };
    const { prices } = open({ load, given: { mine: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 } } });
    prices.costUsd([{ model: 'mine' }], MILLION);
    expect(loads).toBe(0);
    prices.costUsd([{ model: 'known' }], MILLION);
    prices.costUsd([{ model: 'other' }], MILLION);
    expect(loads).toBe(1);
  });

  it('are looked up once for each model in half an hour', () => {
    const { prices, asked, clock } = open({ table });
    const ask = (): unknown => prices.costUsd([{ model: 'known' }], MILLION);
    for (let times = 0; times < 5; times += 1) ask();
    expect(asked).toHaveLength(1);
    prices.costUsd([{ provider: 'p', model: 'known' }], MILLION);
    expect(asked).toHaveLength(2);
    clock.advance(30 * 60_000);
    ask();
    expect(asked).toHaveLength(3);
  });

  it('report a model that nobody knows once, by both questions, and never again', () => {
    const { prices, errors, clock } = open({ table });
    prices.usdPerMillion({ model: 'unknown' });
    prices.costUsd([{ provider: 'p', model: 'unknown' }], MILLION);
    clock.advance(3_600_000);
    prices.costUsd([{ model: 'unknown' }], MILLION);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('"unknown"')]);
    prices.costUsd([{ model: 'x'.repeat(5_000) }], MILLION);
    expect(errors[1]?.message.length).toBeLessThan(500);
  });

  it('name the provider, too, whose prices were looked for', () => {
    const { prices, errors } = open({ table });
    prices.costUsd([{ provider: 'my-gateway', model: 'unknown' }], MILLION);
    expect(errors[0]?.message).toContain('the model "unknown" of the provider "my-gateway" costs');
  });

  it('report at most a hundred models: callers may choose their names', () => {
    const { prices, errors } = open({ table });
    for (let number = 0; number < 1_000; number += 1) prices.costUsd([{ model: `m-${number}` }], MILLION);
    expect(errors).toHaveLength(100);
  });

  it('are none, said once, where the table cannot be loaded', () => {
    const { prices, errors } = open({
      load: () => {
        throw new Error('not there');
      },
    });
    expect(prices.costUsd([{ model: 'a' }], MILLION)).toBeUndefined();
    expect(prices.usdPerMillion({ model: 'b' })).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'PRICES_MISSING' }]);
  });

  it('are none for a model whose price cannot be read', () => {
    const { prices, errors } = open({
      table: () => {
        throw new Error('a new form of price');
      },
    });
    expect(prices.costUsd([{ model: 'a' }], MILLION)).toBeUndefined();
    expect(errors).toMatchObject([{ code: 'UNKNOWN_MODEL' }]);
  });

  it('can be warmed before they are asked', async () => {
    const loaded = Promise.withResolvers<void>();
    const { prices } = open({
      load: () => {
        loaded.resolve();
        return table;
      },
    });
    prices.warm();
    await loaded.promise;
  });
});
