import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../../src/in-turns.ts';
import { jsonOutline } from '../../../src/policy/answer/json-outline.ts';

function outlineOf(text: string | Buffer): unknown {
  return atOnce(jsonOutline(Buffer.from(text)));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The parts that texts of JSON, good and bad, are made of. */
const PARTS = (
  '{ } [ ] : , " \\ - + . e E u / 0 1 01 -0 1.5 2e3 1E-2 .5 1. 1e --1 true false null tru nul NaN é "a" "\\n" "\\u00e9" "\\ud83c" ' +
  '"\\x" "\\u00g0" "é🎈" "__proto__" {"a": [1, {} [] {"a":1} [[ ]] ,"b":2}'
)
  .split(' ')
  .concat(' ', '\t', '\n', '\r', '"\t"', '\ufeff', '\u0000', '\u007f', '\u00a0');
const anyText = fc.array(fc.constantFrom(...PARTS), { maxLength: 8 }).map((parts) => parts.join(''));

/** Good JSON with something in it changed. */
const spoiltText = fc
  .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...PARTS, ''), fc.nat(2))
  .map(([json, place, part, removed]) => {
    const at = place % (json.length + 1);
    return json.slice(0, at) + part + json.slice(at + removed);
  });

/** As the reader has it. */
const SLICE_BYTES = 65_536;

describe('an outline of JSON', () => {
  it('is there exactly where the text is JSON', () => {
    const check = (text: string): void => {
      expect(outlineOf(text) !== undefined).toBe(isJson(Buffer.from(text).toString()));
    };
    fc.assert(fc.property(fc.oneof(anyText, spoiltText, fc.json()), check), { numRuns: 20_000 });
  });

  it('is there exactly where the text is JSON, wherever a slice ends', () => {
    const part = fc.oneof(anyText, spoiltText).map((text) => Buffer.from(text));
    const brokenPart = fc
      .constantFrom([0xff], [0xe2, 0x82], [0xf0, 0x9f], [0xed, 0xa0, 0x80])
      .map((one) => Buffer.from(one));
    const bytes = fc.tuple(fc.constantFrom('', '"'), part, fc.oneof(brokenPart, part), part, fc.constantFrom('', '"'));
    const check = ([begin, ...rest]: [string, ...(Buffer | string)[]], place: number): void => {
      const text = Buffer.concat(rest.map((one) => Buffer.from(one)));
      const filling = Buffer.alloc(SLICE_BYTES - begin.length - (place % (text.length + 1)), begin === '' ? ' ' : 'x');
      const all = Buffer.concat([Buffer.from(begin), filling, text]);
      expect(outlineOf(all) !== undefined).toBe(isJson(all.toString()));
    };
    fc.assert(fc.property(bytes, fc.nat(), check), { numRuns: 1_000 });
  });

  it('has every member and short text, down to its depth, outside of arrays', () => {
    const scalar = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('__proto__', 'choices'));
    const { object } = fc.letrec<{ object: unknown }>((tie) => ({
      object: fc
        .array(fc.tuple(name, fc.oneof({ depthSize: 'small', maxDepth: 5 }, scalar, tie('object'))), { maxLength: 4 })
        .map((members) => Object.fromEntries(members) as unknown),
    }));
    fc.assert(
      fc.property(object, (value) => {
        const text = Buffer.from(JSON.stringify(value));
        expect(outlineOf(text)).toEqual(JSON.parse(text.toString()));
      }),
    );
  });

  it('has of an array its first item, and of a list that is read every object', () => {
    expect(outlineOf('{"data":[{"a":[1,2,3]},{"a":4}],"choices":[{"a":5},6,{"a":7},[8]]}')).toEqual({
      data: [{ a: [1] }],
      choices: [{ a: 5 }, { a: 7 }, [8]],
    });
    expect(outlineOf('[[],[1]]')).toEqual([[]]);
    expect(outlineOf('[1,{"a":2}]')).toEqual([1]);
  });

  it('has a short text in place of a long one', () => {
    expect(outlineOf(JSON.stringify({ a: 'x'.repeat(5_000), b: 'y'.repeat(4_000) }))).toEqual({
      a: '…',
      b: 'y'.repeat(4_000),
    });
  });

  it('has a short text in place of a long one that goes on for several slices, whatever is where a slice ends', () => {
    for (const odd of ['\\n', '\\"', '\\\\', '\\ud83c\\udf88', 'é', '🎈', '日本']) {
      for (let before = 0; before <= 12; before += 1) {
        const text = 'x'.repeat(2 * SLICE_BYTES - 7 - before) + odd + 'y'.repeat(SLICE_BYTES);
        expect(outlineOf(`{"a": "${text}", "b": "short"}`)).toEqual({ a: '…', b: 'short' });
        expect(outlineOf(`["${text}" "b"]`)).toBeUndefined();
        expect(outlineOf(`"${text}`)).toBeUndefined();
      }
    }
  });

  it('needs no memory for a long text', async () => {
    const work = `
      import { jsonOutline } from ${JSON.stringify(new URL('../../../src/policy/answer/json-outline.ts', import.meta.url))};
      const text = Buffer.alloc(128 * 2 ** 20, 'x');
      text[0] = text[text.length - 1] = 0x22;
      const work = jsonOutline(text);
      let turn = work.next();
      while (!turn.done) turn = work.next();
      process.exitCode = turn.value === '…' ? 0 : 2;`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(work)}`);
    const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: 48 } });
    expect(await once(worker, 'exit')).toEqual([0]);
  });

  it('has a text that is in two slices', () => {
    expect(outlineOf(`${' '.repeat(SLICE_BYTES - 8)}{"a": "日本é\\n🎈", "b": 123}`)).toEqual({
      a: '日本é\n🎈',
      b: 123,
    });
    expect(outlineOf(`${' '.repeat(SLICE_BYTES - 3)}[true]`)).toEqual([true]);
    expect(outlineOf(`${' '.repeat(SLICE_BYTES - 3)}-1e999 `)).toBe(-Infinity);
  });

  it('is empty where it is deep, and not there where that would take too much memory', () => {
    const depth = 200_000;
    const text = '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(JSON.stringify(outlineOf(text))).toBe(`${'{"a":'.repeat(8)}{}${'}'.repeat(8)}`);
    expect(outlineOf(text.slice(0, -1))).toBeUndefined();
    expect(outlineOf('['.repeat(250_000) + ']'.repeat(250_000))).toEqual([[[[[[[[[]]]]]]]]]);
    expect(outlineOf('['.repeat(250_001) + ']'.repeat(250_001))).toBeUndefined();
  });

  it('pauses within a long text and between short ones', () => {
    const pauses = (value: unknown): number => [...jsonOutline(Buffer.from(JSON.stringify(value)))].length;
    expect(pauses('x'.repeat(2 ** 20))).toBe(16);
    expect(pauses(Array.from({ length: 2 ** 18 }, () => 100))).toBe(16);
    expect(pauses('short')).toBe(0);
  });
});
