import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/request/ai-request.ts';
import { describeBody } from '../../../src/request/describe.ts';
import type { Description, KeyableBody } from '../../../src/request/describe.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';

const keys = new CacheKeyGenerator();

function described(value: JsonObject, ignored: string[] = [], kept: string[] = []): Description {
  return describeBody({ form: 'object', value }, ignored, kept);
}

/** As buildRequest makes the key of a description. */
function digestOf(body: KeyableBody, kept: string[] = []): string {
  const { form, ...fields } = describeBody(body, [], kept);
  return keys.keyFor({ ...fields, vary: form === undefined ? {} : { ':body': form } }).digest;
}

/** Few names and few values, so that bodies that are nearly the same come up. */
const names = [
  'text',
  'question',
  'operation',
  'model',
  'provider',
  'options',
  'messages',
  'prompt',
  'tenant',
  '__proto__',
];
const leaf = fc.constantFrom<JsonValue>('', 'x', 'x\ny', 'y', null, 1, '1');
const member = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 2 }),
  leaf.map((content) => [{ role: 'user', content }]),
  fc.dictionary(fc.constantFrom(...names), leaf, { maxKeys: 2, noNullPrototype: true }),
);
const object = fc
  .array(fc.tuple(fc.constantFrom(...names), member), { maxLength: 3 })
  .map((members) => Object.fromEntries(members) as JsonObject);
const body: fc.Arbitrary<KeyableBody> = fc.oneof(
  fc.constant<KeyableBody>({ form: 'none' }),
  object.map((value): KeyableBody => ({ form: 'object', value })),
  fc.array(member, { maxLength: 2 }).map((value): KeyableBody => ({ form: 'json', value })),
  fc.constantFrom(null, 1, true).map((value): KeyableBody => ({ form: 'json', value })),
  fc.constantFrom('', 'x', '{}', 'é', '\ud800').map((value): KeyableBody => ({ form: 'text', value })),
  fc
    .constantFrom('', '78', 'c3a9', 'e9', 'ff')
    .map((hex): KeyableBody => ({ form: 'bytes', value: Buffer.from(hex, 'hex') })),
);

describe('the default description', () => {
  it('lifts text, provider, model, operation and question; options are the rest, its own options included', () => {
    const value = {
      text: 'a text',
      provider: 'openai',
      model: 'gpt-4o',
      operation: 'summarize',
      question: 'why?',
      options: { length: 'short' },
      stream: true,
    };
    expect(described(value)).toEqual({
      text: 'a text',
      provider: 'openai',
      model: 'gpt-4o',
      operation: 'summarize',
      question: 'why?',
      options: { options: { length: 'short' }, stream: true },
    });
  });

  it('leaves what is not a string, or empty, among the options', () => {
    const value = { text: '', provider: 7, model: null, operation: ['x'], question: '' };
    expect(described(value)).toEqual({ text: '', options: value });
  });

  it('never takes policy from a body', () => {
    const value = { text: 'x', collection: 'c', tags: ['t'], contentType: 'static', confidence: 1, tenant: 'acme' };
    const { text: _, ...rest } = value;
    expect(described(value)).toEqual({ text: 'x', options: rest });
  });

  it.each([
    [
      'messages of plain text',
      {
        messages: [
          { role: 'system', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
      'a\nb',
    ],
    [
      'messages of parts',
      {
        messages: [
          {
            content: [
              { type: 'text', text: 'a' },
              { type: 'image_url', image_url: {} },
            ],
          },
        ],
      },
      'a',
    ],
    ['system and messages', { messages: [{ content: 'b' }], system: [{ type: 'text', text: 'a' }] }, 'a\nb'],
    ['an input', { input: 'a' }, 'a'],
    ['an input of items', { input: [{ role: 'user', content: [{ type: 'input_text', text: 'a' }] }] }, 'a'],
    ['a prompt', { prompt: 'a' }, 'a'],
    ['prompts', { prompt: ['a', 'b'] }, 'a\nb'],
    ['contents of parts', { contents: [{ parts: [{ text: 'a' }] }] }, 'a'],
    ['a text and a prompt', { text: 'a', prompt: 'b' }, 'a\nb'],
    ['a prompt of tokens', { prompt: [1, 2] }, ''],
    ['nothing it knows', { query: 'a' }, ''],
  ])('finds the text of %s and leaves all of it among the options', (_, value, text) => {
    expect(described(value as JsonObject)).toEqual({ text, options: value });
  });

  it('ends at a message nested without end', () => {
    let message: JsonValue = 'deep';
    for (let depth = 0; depth < 10_000; depth += 1) message = [message];
    expect(described({ messages: message }).text).toBe('');
  });

  it('leaves out the ignored members, lifted or not', () => {
    expect(described({ text: 'x', model: 'm', id: 1, keep: 2 }, ['id', 'model', 'absent'])).toEqual({
      text: 'x',
      options: { keep: 2 },
    });
    expect(described({ text: 'x', messages: [] }, ['messages'])).toEqual({ text: 'x', options: {} });
  });

  it('keeps in the options what a field of the route may stand over', () => {
    expect(described({ text: 'x', model: 'm', operation: 'o' }, [], ['model'])).toEqual({
      text: 'x',
      model: 'm',
      operation: 'o',
      options: { model: 'm' },
    });
  });

  it('takes no member from a prototype and keeps one named __proto__', () => {
    const parsed = JSON.parse('{"text":"x","__proto__":{"model":"m"}}') as JsonObject;
    const { options, ...fields } = described(parsed);
    expect(fields).toEqual({ text: 'x' });
    expect(described(Object.create({ model: 'm' }) as JsonObject)).toEqual({ text: '', options: {} });
    expect(Object.keys(options ?? {})).toEqual(['__proto__']);
  });

  it('does not change the body', () => {
    const value = Object.freeze({ text: 'x', model: 'm', keep: Object.freeze([1]) });
    described(value, ['keep']);
    expect(value).toEqual({ text: 'x', model: 'm', keep: [1] });
  });

  it('tells other bodies by their form', () => {
    const bodies: KeyableBody[] = [
      { form: 'none' },
      { form: 'object', value: {} },
      { form: 'object', value: { text: 'é' } },
      { form: 'object', value: { value: 'é' } },
      { form: 'json', value: [] },
      { form: 'json', value: ['é'] },
      { form: 'json', value: null },
      { form: 'text', value: 'é' },
      { form: 'text', value: '' },
      { form: 'bytes', value: Buffer.from('é') },
      { form: 'bytes', value: Buffer.from('é', 'latin1') },
      { form: 'bytes', value: Buffer.alloc(0) },
    ];
    expect(new Set(bodies.map((each) => digestOf(each))).size).toBe(bodies.length);
  });

  it('has the text of strings and bytes as its text', () => {
    expect(describeBody({ form: 'text', value: 'abc' }, [], [])).toEqual({ text: 'abc', form: 'text' });
    expect(describeBody({ form: 'bytes', value: Buffer.from('é') }, [], [])).toEqual({ text: 'é', form: 'utf8' });
    expect(describeBody({ form: 'bytes', value: Buffer.from([0xff]) }, [], [])).toEqual({ text: 'ÿ', form: 'latin1' });
  });

  it.each([[[]], [['model']], [['model', 'provider', 'operation']]])(
    'never gives two bodies one key, where the route sets %j',
    (kept) => {
      fc.assert(
        fc.property(body, body, (a, b) => {
          expect(digestOf(a, kept) === digestOf(b, kept)).toBe(isDeepStrictEqual(a, b));
        }),
        { numRuns: 5000 },
      );
    },
  );
});
