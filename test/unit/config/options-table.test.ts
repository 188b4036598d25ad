import { describe, expect, it } from 'vitest';
import {
  cacheOptionsTable,
  cascadeOptionsTable,
  routeOptionsTable,
  withOptionsTables,
} from '../../../scripts/options-table.ts';
import { environmentVariables } from '../../../src/config/env.ts';
import { documentedOptions } from '../../../src/config/option-docs.ts';
import { routeOptions } from '../../../src/config/route-schema.ts';
import { cacheOptions } from '../../../src/config/schema.ts';

/** The cells of each line, by the first: `{ '`memory`': ['`AI_CACHE_MEMORY`', …] }`. */
function rowsOf(table: string): Map<string, string[]> {
  return new Map(
    table.split('\n').map((line) => {
      const [first = '', ...rest] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return [first.replaceAll('`', ''), rest];
    }),
  );
}

describe('the options tables', () => {
  it('have a line for every option', () => {
    const paths = [...documentedOptions(cacheOptions), ...documentedOptions(routeOptions)].map(({ path }) => path);
    const lines = [...rowsOf(cacheOptionsTable()).keys(), ...rowsOf(routeOptionsTable()).keys()];
    expect(lines).toEqual(expect.arrayContaining(paths));
    const topLevel = new Set(paths.map((path) => path.split('.')[0]));
    // A few can be said of a cache and of a mount.
    const names = new Set([...Object.keys(cacheOptions.shape), ...Object.keys(routeOptions.shape)]);
    expect([...topLevel]).toEqual([...names]);
  });

  it('have every variable', () => {
    const rows = rowsOf(cacheOptionsTable());
    for (const { name, option } of environmentVariables()) expect(rows.get(option)?.[0]).toBe(`\`${name}\``);
  });

  it.each([
    ['memory.maxBytes', '64\u00A0MiB'],
    ['memory.maxEntries', '10\u00A0000'],
    ['redisTimeoutMs', '200'],
    ['redis', 'none'],
    ['memory', 'on'],
    ['compression.level', 'brotli 1, gzip 6, deflate 6, zstd 3'],
    ['memoryTextTiers', '`small`, `medium`, `large`'],
  ])('show the default of %s as people write it', (path, shown) => {
    expect(rowsOf(cacheOptionsTable()).get(path)?.[1]).toBe(shown);
  });

  it('go between the marks of a text and leave the rest alone', () => {
    const text =
      'a\n<!-- cache options -->\nold\n<!-- end -->\nb\n<!-- route options -->\n<!-- end -->\nc\n<!-- cascade options -->\n<!-- end -->\nd';
    const written = withOptionsTables(text);
    expect(written).toBe(
      `a\n<!-- cache options -->\n\n${cacheOptionsTable()}\n\n<!-- end -->\nb\n` +
        `<!-- route options -->\n\n${routeOptionsTable()}\n\n<!-- end -->\nc\n` +
        `<!-- cascade options -->\n\n${cascadeOptionsTable()}\n\n<!-- end -->\nd`,
    );
    expect(withOptionsTables(written)).toBe(written);
  });

  it('go into a text that has some of the marks', () => {
    expect(withOptionsTables('<!-- cascade options -->\n<!-- end -->')).toBe(
      `<!-- cascade options -->\n\n${cascadeOptionsTable()}\n\n<!-- end -->`,
    );
  });

  it('need a mark, and its end', () => {
    expect(() => withOptionsTables('nothing')).toThrow('<!-- cache options -->');
    expect(() => withOptionsTables('<!-- route options -->')).toThrow('<!-- end -->');
  });
});
