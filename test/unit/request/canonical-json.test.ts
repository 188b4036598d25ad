import { runInNewContext } from 'node:vm';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AICacheError } from '../../../src/errors.ts';
import { atOnce } from '../../../src/in-turns.ts';
import type { JsonValue } from '../../../src/request/ai-request.ts';
import { canonicalSlices, MAX_DEPTH, SLICE_LENGTH } from '../../../src/request/canonical-json.ts';

/** JSON values whose equality isDeepStrictEqual tells; lone surrogates and `__proto__` included. */
const text = fc.string({
  unit: fc.oneof(fc.string({ minLength: 1, maxLength: 2 }), fc.constantFrom('\ud800', '\udc00', '"', '\\', '\n')),
  maxLength: 6,
});
const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -0, 1, '', '0', 'null'),
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'a', 'b', '1', '10')), tie('value')), {
        maxLength: 4,
      })
      .map((members) => objectOf(members)),
  ),
})).value;

function objectOf(members: readonly (readonly [string, JsonValue])[]): JsonValue {
  return Object.fromEntries(members);
}

/** The same value with the members of every object the other way round. */
function reversed(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(reversed);
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member as JsonValue)] as const);
  return objectOf(members.toReversed());
}

/** The text of empty arrays in each other. */
function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

function canonicalJson(value: JsonValue, name?: string): string {
  return atOnce(canonicalSlices(value, name));
}

function refusal(value: unknown): AICacheError {
  try {
    canonicalJson(value as JsonValue, 'options');
  } catch (error) {
    if (error instanceof AICacheError) return error;
    throw error;
  }
  throw new Error('it was keyed');
}

describe('canonical JSON', () => {
  it('sorts members by code units at every level and keeps the order of arrays', () => {
    expect(canonicalJson({ b: [2, 1], a: { z: null, Z: true, 10: 'x', 9: 'y' } })).toBe(
      '{"a":{"10":"x","9":"y","Z":true,"z":null},"b":[2,1]}',
    );
    expect(canonicalJson({ '\ue000': 1, '\u{10000}': 2 })).toBe('{"\u{10000}":2,"\ue000":1}');
  });

  it('is JSON: parsing gives the value back', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(isDeepStrictEqual(JSON.parse(canonicalJson(value)), value)).toBe(true);
      }),
    );
  });

  it('is the same exactly for equal values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isDeepStrictEqual(a, b));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('tells -0 from 0 and a number from its text', () => {
    expect(canonicalJson([-0, 0, '0', 1.5, 1e-7])).toBe('[-0,0,"0",1.5,1e-7]');
  });

  it('leaves out members that are undefined and keeps those that are null', () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  });

  it('counts an own __proto__ as any member', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}') as JsonValue)).toBe('{"__proto__":{"a":1}}');
  });

  it('takes objects without a prototype and of another realm', () => {
    expect(canonicalJson(Object.assign(Object.create(null) as object, { a: 1 }) as JsonValue)).toBe('{"a":1}');
    expect(canonicalJson(runInNewContext('({ a: [1, { b: 2 }] })') as JsonValue)).toBe('{"a":[1,{"b":2}]}');
  });

  it('writes an object that is met twice twice', () => {
    const shared = { a: [1] };
    expect(canonicalJson([shared, { shared }])).toBe('[{"a":[1]},{"shared":{"a":[1]}}]');
  });

  it('escapes lone surrogates and tells them apart', () => {
    expect(canonicalJson(['\ud800', '\udfff', '\\ud800'])).toBe('["\\ud800","\\udfff","\\\\ud800"]');
  });

  it('quotes short and long text alike', () => {
    const awkward = '"\\\u0000\u001f\u007f\u2028é';
    for (const value of [awkward, awkward.repeat(10), 'plain', 'x'.repeat(32), 'x'.repeat(33)]) {
      expect(canonicalJson(value)).toBe(JSON.stringify(value));
    }
  });

  it.each([
    ['undefined', undefined, 'it is undefined'],
    ['undefined in an array', [undefined], 'it is undefined'],
    ['a hole in an array', [1, , 2], 'it is undefined'], // oxlint-disable-line no-sparse-arrays
    ['NaN', Number.NaN, 'it is not a finite number'],
    ['an infinity', -Infinity, 'it is not a finite number'],
    ['an integer that has lost digits', 2 ** 53, 'it is an integer too large to be exact'],
    ['a large number without a fraction', 1e300, 'it is an integer too large to be exact'],
    ['a bigint', 1n, 'it is a bigint'],
    ['a symbol', Symbol('s'), 'it is a symbol'],
    ['a function', () => 1, 'it is a function'],
    ['a Date', new Date(0), 'it is an instance of a class'],
    ['a Map', new Map(), 'it is an instance of a class'],
    ['a Buffer', Buffer.from('x'), 'it is an instance of a class'],
    ['a boxed string', Object('x'), 'it is an instance of a class'],
    ['an object that inherits members', Object.create({ a: 1 }), 'it is an instance of a class'],
    ['an object that inherits bare members', Object.create(Object.create(null)), 'it is an instance of a class'],
    ['an array of a class', new (class Items extends Array {})(), 'it is an instance of a class'],
    ['an object with toJSON', { toJSON: () => 1 }, 'it has a toJSON function'],
    ['symbols as keys', { [Symbol('s')]: 1 }, 'it has symbols as keys'],
  ])('refuses %s', (_, value, reason) => {
    const error = refusal({ deep: [value] });
    expect(error.code).toBe('UNKEYABLE');
    expect(error.message).toMatch(/^options\.deep\[0\](?:\[\d\])? cannot be part of a cache key/);
    expect(error.message).toContain(`: ${reason}.`);
  });

  it('takes a member named toJSON that is not a function', () => {
    expect(canonicalJson({ toJSON: 'x' })).toBe('{"toJSON":"x"}');
  });

  it('refuses a cycle and says so', () => {
    const cycle: Record<string, unknown> = { list: [] };
    (cycle.list as unknown[]).push({ back: cycle });
    expect(refusal(cycle).message).toContain('it contains itself');
  });

  it(`takes ${MAX_DEPTH} levels and refuses one more`, () => {
    expect(canonicalJson(JSON.parse(nested(MAX_DEPTH)) as JsonValue)).toBe(nested(MAX_DEPTH));
    expect(refusal(JSON.parse(nested(MAX_DEPTH + 1))).message).toContain(`nested deeper than ${MAX_DEPTH} levels`);
  });

  it('refuses a body of nothing but brackets without overflowing the stack', () => {
    const body: unknown = JSON.parse(nested(50_000));
    expect(refusal(body).message).toContain('nested deeper');
  });

  it('names the place of the fault but no value, nor a name that may be data', () => {
    const error = refusal({ 'my secret prompt': { list: ['canary', 1n] } });
    expect(error.option).toBe('options[…].list[1]');
    expect(error.message).not.toContain('secret');
    expect(error.message).not.toContain('canary');
  });
});

describe('canonical JSON in slices', () => {
  const messages = Array.from({ length: 3_000 }, (_, index) => ({
    role: 'user',
    content: `${index} ${'x'.repeat(300)}`,
  }));

  it('is the same text, with a pause for each slice of it', () => {
    const value = { messages, model: 'm', b: [[], {}, [null, true, -0]] };
    const work = canonicalSlices(value);
    let pauses = 0;
    let last = work.next();
    for (; last.done !== true; last = work.next()) pauses += 1;
    const sorted = messages.map(({ role, content }) => ({ content, role }));
    expect(last.value).toBe(`{"b":[[],{},[null,true,-0]],"messages":${JSON.stringify(sorted)},"model":"m"}`);
    expect(pauses).toBe(Math.floor(last.value.length / SLICE_LENGTH));
    expect(pauses).toBeGreaterThan(2);
  });

  it('has no pause where it is short', () => {
    expect(canonicalSlices({ a: 1 }).next()).toEqual({ done: true, value: '{"a":1}' });
  });

  it('names the place of what cannot be keyed, however late it comes', () => {
    expect(refusal({ messages: [...messages, { content: [1, NaN] }] }).message).toContain(
      'options.messages[3000].content[1]',
    );
  });
});
