import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { costTierOf, type TierSources } from '../../../src/policy/cost-tier.ts';
import { Prices } from '../../../src/policy/prices.ts';

const neverAsked = (): never => {
  throw new Error('asked for a price');
};
const tableOnly: TierSources = { models: {}, usdPerMillion: neverAsked };
const priced = (usd: number | undefined): TierSources => ({ models: {}, usdPerMillion: () => usd });

describe('the cost tier of a model', () => {
  it.each([
    ['claude-3-opus-20240229', 'very_high'],
    ['claude-opus-4-1-20250805', 'very_high'],
    ['claude-opus-4-5', 'very_high'],
    ['gpt-4.5-preview', 'very_high'],
    ['o1-pro', 'very_high'],
    ['gpt-5-pro', 'very_high'],
    ['gpt-4', 'high'],
    ['gpt-4-turbo-2024-04-09', 'high'],
    ['gpt-4o', 'high'],
    ['gpt-4o-2024-08-06', 'high'],
    ['chatgpt-4o-latest', 'high'],
    ['gpt-4.1', 'high'],
    ['gpt-5', 'high'],
    ['gpt-5.2-2025-12-11', 'high'],
    ['gpt-5-codex', 'high'],
    ['claude-3-5-sonnet-20241022', 'high'],
    ['claude-3.7-sonnet', 'high'],
    ['claude-sonnet-4-5-20250929', 'high'],
    ['mistral-large-latest', 'high'],
    ['mistral-large-2411', 'high'],
    ['claude-3-haiku-20240307', 'medium'],
    ['claude-haiku-4-5', 'medium'],
    ['claude-instant-1.2', 'medium'],
    ['deepseek-chat', 'medium'],
    ['deepseek-reasoner', 'medium'],
    ['mistral-medium-latest', 'medium'],
    ['gpt-3.5-turbo', 'low'],
    ['gpt-3.5-turbo-0125', 'low'],
    ['gpt-4o-mini', 'low'],
    ['gpt-4.1-nano', 'low'],
    ['gpt-5-mini', 'low'],
    ['mistral-tiny', 'low'],
    ['mistral-small-latest', 'low'],
    ['ministral-8b-latest', 'low'],
    ['open-mistral-nemo', 'low'],
    ['GPT-4o', 'high'],
    ['anthropic/claude-opus-4-1', 'very_high'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'low'],
  ] as const)('%s is by its family %s, without its price', (model, tier) => {
    expect(costTierOf({ model }, tableOnly)).toBe(tier);
  });

  it.each([
    ['o1', 'very_high'],
    ['gpt-5.6-luna', 'low'],
    ['gpt-5.1-codex-mini', 'low'],
    ['gemini-2.5-pro', 'high'],
    ['gemini-2.5-flash', 'medium'],
    ['o3-mini', 'medium'],
    ['text-embedding-3-small', 'low'],
    ['codestral-latest', 'low'],
    ['a-model-of-my-own', 'medium'],
  ] as const)('%s is %s by its price in the shipped table', (model, tier) => {
    const prices = new Prices({ given: {}, clock: systemClock, report: () => undefined });
    const provider = model.startsWith('text-embedding') ? 'openai' : undefined;
    expect(costTierOf({ provider, model }, { models: {}, usdPerMillion: (asked) => prices.usdPerMillion(asked) })).toBe(
      tier,
    );
  });

  it.each([
    [0, 'low'],
    [0.749, 'low'],
    [0.75, 'medium'],
    [2.999, 'medium'],
    [3, 'high'],
    [14.999, 'high'],
    [15, 'very_high'],
    [1_000, 'very_high'],
    [undefined, 'medium'],
  ] as const)('at %d USD per million tokens is %s', (usd, tier) => {
    expect(costTierOf({ model: 'mine' }, priced(usd))).toBe(tier);
  });

  it('is what the user says before anything else', () => {
    const models = { 'gpt-4o': 'low', 'my-*': 'very_high' } as const;
    expect(costTierOf({ model: 'gpt-4o' }, { ...tableOnly, models })).toBe('low');
    expect(costTierOf({ model: 'my-model' }, { ...tableOnly, models })).toBe('very_high');
    expect(costTierOf({ model: 'gpt-4' }, { ...tableOnly, models })).toBe('high');
  });

  it('is medium where nobody names a model', () => {
    expect(costTierOf({ provider: 'openai' }, tableOnly)).toBe('medium');
  });
});
