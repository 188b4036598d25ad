import { describe, expect, it } from 'vitest';
import { forModel } from '../../../src/policy/model-pattern.ts';

describe('a table by model', () => {
  const table = { 'gpt-4o': 1, 'gpt-4o*': 2, 'gpt-*': 3, 'Claude-*': 4, '*': 5 };

  it.each([
    ['gpt-4o', 1],
    ['GPT-4o', 1],
    ['gpt-4o-mini', 2],
    ['gpt-5', 3],
    ['claude-haiku-4-5', 4],
    ['llama', 5],
    ['', 5],
  ])('says of %j what stands under its name, else under its longest beginning', (model, value) => {
    expect(forModel(table, model)).toBe(value);
  });

  it.each([
    [{}, 'gpt-4o'],
    [{ 'gpt-4o': 1 }, 'gpt-4o-mini'],
    [{ 'gpt-4o-mini*': 1 }, 'gpt-4o'],
    [{ 'gpt.*': 1 }, 'gpt-4o'],
    [{ 'constructor*': 1 }, 'toString'],
  ])('%j says nothing of %j', (entries, model) => {
    expect(forModel(entries, model)).toBeUndefined();
  });
});
