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

describe('an outline of JSON', () => {
  it('is there exactly where the text is JSON', () => {
    const check = (text: string): void => {
      expect(outlineOf(text) !== undefined).toBe(isJson(Buffer.from(text).toString()));
    };
    fc.assert(fc.property(fc.oneof(anyText, spoiltText, fc.json()), check), { numRuns: 20_000 });
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

  it('is empty where it is deep, and as deep as one likes', () => {
    const depth = 200_000;
    const text = '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(JSON.stringify(outlineOf(text))).toBe(`${'{"a":'.repeat(8)}{}${'}'.repeat(8)}`);
    expect(outlineOf(text.slice(0, -1))).toBeUndefined();
  });

  it('pauses within a long text and between short ones', () => {
    const pauses = (value: unknown): number => [...jsonOutline(Buffer.from(JSON.stringify(value)))].length;
    expect(pauses('x'.repeat(2 ** 20))).toBe(4);
    expect(pauses(Array.from({ length: 2 ** 18 }, () => 100))).toBe(4);
    expect(pauses('short')).toBe(0);
  });
});
