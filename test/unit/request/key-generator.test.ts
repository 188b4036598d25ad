import { hash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HashAlgorithm } from '../../../src/config/config.ts';
import { AICacheError } from '../../../src/errors.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { CacheKeyGenerator, HASH_ALGORITHMS, textOfKey } from '../../../src/request/key-generator.ts';

const keys = new CacheKeyGenerator();

function errorOf(act: () => unknown): AICacheError {
  try {
    act();
  } catch (error) {
    if (error instanceof AICacheError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

const full: Required<AIRequest> = {
  target: 'POST https://api.test/ask?x=1',
  vary: { accept: '*/*', 'content-type': 'application/json' },
  provider: 'openai',
  model: 'gpt-4o',
  operation: 'summarize',
  text: 'a text',
  question: 'why?',
  options: { temperature: 0.2, list: [1, 2] },
  collection: 'docs',
  tags: ['a'],
  contentType: 'standard',
  confidence: 1,
  tenant: 'acme',
};

const KEYED_TEXTS = ['target', 'provider', 'model', 'operation', 'text', 'question', 'collection', 'tenant'] as const;

describe('the key', () => {
  it('names provider, model and collection, then the whole digest', () => {
    expect(keys.generate(full)).toMatch(/^openai:gpt-4o:docs:[0-9a-f]{64}$/);
    expect(keys.generate({ text: 'x' })).toMatch(/^unknown:::[0-9a-f]{64}$/);
  });

  it('is a digest over tagged, length-framed parts, the same from release to release', () => {
    const frames = [
      'f1:1',
      'u29:POST https://api.test/ask?x=1',
      'h1:2n6:acceptv3:*/*n12:content-typev16:application/json',
      'w4:acme',
      'p6:openai',
      'm6:gpt-4o',
      'o9:summarize',
      'c4:docs',
      't6:a text',
      'q4:why?',
      'j32:{"list":[1,2],"temperature":0.2}',
    ];
    expect(keys.keyFor(full).digest).toBe(hash('sha256', frames.join('')));
    expect(keys.keyFor({ text: 'hello' }).digest).toBe(hash('sha256', 'f1:1t5:hello'));
  });

  it('comes with its digest alone', () => {
    const { text, digest } = keys.keyFor(full);
    expect(text).toBe(keys.generate(full));
    expect(text.endsWith(`:${digest}`)).toBe(true);
  });

  it('never has a raw colon, glob character or space of a part', () => {
    const key = keys.generate({ text: '', provider: 'a:b', model: '*[x]{y} %', collection: 'é\n' });
    expect(key.split(':').slice(0, 3)).toEqual(['a%3Ab', '%2A%5Bx%5D%7By%7D%20%25', '%C3%A9%0A']);
  });

  it('tells absent from empty and from the mark for absent', () => {
    const providers = [undefined, '', 'unknown', '%75nknown'].map((provider) => {
      return keys.generate(provider === undefined ? { text: '' } : { text: '', provider }).split(':')[0];
    });
    expect(providers).toEqual(['unknown', '%-', '%75nknown', '%2575nknown']);
    expect(keys.generate({ text: '', model: '', collection: '' })).toMatch(/^unknown:%-:%-:/);
  });

  it('stays short whatever the parts are', () => {
    const long = 'm'.repeat(100_000);
    expect(keys.generate({ text: '', provider: long, model: long, collection: long }).length).toBeLessThan(700);
  });

  it('does not change with tags, content type and confidence', () => {
    expect(keys.generate({ ...full, tags: ['b'], contentType: 'static', confidence: 0.5 })).toBe(keys.generate(full));
  });

  it('does not change with the order of members', () => {
    const other: AIRequest = {
      ...full,
      options: { list: [1, 2], temperature: 0.2 },
      vary: { 'content-type': 'application/json', accept: '*/*' },
    };
    expect(keys.generate(other)).toBe(keys.generate(full));
  });

  it.each([...KEYED_TEXTS, 'vary', 'options'] as const)('changes where %s is absent', (name) => {
    const { [name]: _, ...rest } = full;
    const without = name === 'text' ? { ...rest, text: '' } : rest;
    expect(keys.keyFor(without as AIRequest).digest).not.toBe(keys.keyFor(full).digest);
  });

  it.each(KEYED_TEXTS)('changes with every change of %s', (name) => {
    const anyText = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const same = keys.keyFor({ ...full, [name]: a }).digest === keys.keyFor({ ...full, [name]: b }).digest;
        expect(same).toBe(a === b);
      }),
    );
  });

  it('tells an empty field from an absent one', () => {
    for (const name of KEYED_TEXTS.filter((field) => field !== 'text')) {
      expect(keys.keyFor({ text: 'x', [name]: '' }).digest).not.toBe(keys.keyFor({ text: 'x' }).digest);
    }
    expect(keys.keyFor({ text: 'x', options: {} }).digest).not.toBe(keys.keyFor({ text: 'x' }).digest);
    expect(keys.keyFor({ text: 'x', vary: {} }).digest).not.toBe(keys.keyFor({ text: 'x' }).digest);
  });

  it('never takes text that moved from one field to another for the same', () => {
    const fields = ['target', 'tenant', 'provider', 'model', 'operation', 'collection', 'text', 'question'] as const;
    fc.assert(
      fc.property(fc.nat(6), fc.string({ minLength: 1 }), fc.nat(), fc.nat(), (field, text, i, j) => {
        const [first, second] = [i % (text.length + 1), j % (text.length + 1)];
        fc.pre(first !== second);
        const [a, b] = [fields[field] as string, fields[field + 1] as string];
        const split = (at: number): AIRequest => ({ text: '', [a]: text.slice(0, at), [b]: text.slice(at) });
        expect(keys.keyFor(split(first)).digest).not.toBe(keys.keyFor(split(second)).digest);
      }),
    );
  });

  it('tells headers by name and value, and from text that looks like them', () => {
    const varies: Record<string, string>[] = [
      { a: 'b', c: 'd' },
      { a: 'bc', d: '' },
      { ab: 'c', d: '' },
      { a: 'd', c: 'b' },
      { a: 'b' },
    ];
    const digests = varies.map((vary) => keys.keyFor({ text: '', vary }).digest);
    digests.push(keys.keyFor({ text: 'h1:1n1:av1:b' }).digest);
    expect(new Set(digests).size).toBe(varies.length + 1);
  });

  it('tells canonically equivalent texts apart: NFC is not NFD', () => {
    expect(keys.generate({ text: 'é' })).not.toBe(keys.generate({ text: 'é'.normalize('NFD') }));
  });

  it('tells values of options by type', () => {
    const values = [1, '1', true, 'true', null, 'null', [], {}, '', 0, -0];
    const digests = values.map((value) => keys.keyFor({ text: '', options: { value } }).digest);
    digests.push(keys.keyFor({ text: '', options: {} }).digest);
    expect(new Set(digests).size).toBe(values.length + 1);
    expect(keys.generate({ text: '', options: { value: undefined } })).toBe(keys.generate({ text: '', options: {} }));
  });
});

describe('the text in the key', () => {
  const showing = new CacheKeyGenerator({ textHashThreshold: 5 });

  it('is never there by default', () => {
    expect(keys.generate({ text: 'x' })).not.toContain(':x');
    expect(textOfKey(keys.generate({ text: 'x' }))).toBeUndefined();
    expect(keys.generate({ text: '' })).toMatch(/^unknown:::[0-9a-f]{64}$/);
  });

  it('is there, and comes back, up to the threshold', () => {
    for (const text of ['', 'a:b c', '\ud800é', '12345']) expect(textOfKey(showing.generate({ text }))).toBe(text);
    expect(showing.generate({ text: 'a:b' })).toMatch(/^unknown:::[0-9a-f]{64}:a%3Ab$/);
  });

  it('is not there beyond the threshold', () => {
    expect(showing.generate({ text: '123456' })).toMatch(/^unknown:::[0-9a-f]{64}$/);
  });

  it('leaves the digest as it is', () => {
    expect(showing.keyFor({ text: 'abc' }).digest).toBe(keys.keyFor({ text: 'abc' }).digest);
  });
});

describe('the hash algorithm', () => {
  it.each(HASH_ALGORITHMS)('%s gives a digest of its own length', (hashAlgorithm) => {
    const bits = Number(/\d+$/.exec(hashAlgorithm)?.[0]);
    const { digest } = new CacheKeyGenerator({ hashAlgorithm }).keyFor(full);
    expect(digest).toMatch(new RegExp(`^[0-9a-f]{${bits / 4}}$`));
  });

  it('gives different digests for one request', () => {
    const digests = HASH_ALGORITHMS.map(
      (hashAlgorithm) => new CacheKeyGenerator({ hashAlgorithm }).keyFor(full).digest,
    );
    expect(new Set(digests).size).toBe(HASH_ALGORITHMS.length);
  });

  it.each(['md5', 'sha1', 'RSA-SHA256', 'shake256', 'nonsense', ''])('refuses %j, naming what is allowed', (name) => {
    const error = errorOf(() => new CacheKeyGenerator({ hashAlgorithm: name as HashAlgorithm }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'hashAlgorithm' });
    expect(error.message).toContain(JSON.stringify(name));
    for (const allowed of HASH_ALGORITHMS) expect(error.message).toContain(allowed);
  });

  it.each([-1, 0.5, Number.NaN, '5'])('and a threshold of %j is refused', (textHashThreshold) => {
    const error = errorOf(() => new CacheKeyGenerator({ textHashThreshold: textHashThreshold as number }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'textHashThreshold' });
  });
});

describe('a request that cannot be keyed', () => {
  it.each([
    ['request', null],
    ['text', {}],
    ['text', { text: 42 }],
    ['provider', { text: '', provider: null }],
    ['tenant', { text: '', tenant: 7 }],
    ['collection', { text: '', collection: ['x'] }],
    ['options', { text: '', options: [1] }],
    ['options', { text: '', options: new Map() }],
    ['vary', { text: '', vary: { a: 1 } }],
    ['tags', { text: '', tags: ['a', 1] }],
    ['tags', { text: '', tags: 'a' }],
    ['contentType', { text: '', contentType: 'important' }],
    ['confidence', { text: '', confidence: Number.NaN }],
    ['confidence', { text: '', confidence: '1' }],
  ])('is refused with the name of the field %s', (field, request) => {
    expect(errorOf(() => keys.generate(request as unknown as AIRequest))).toMatchObject({
      code: 'INVALID_REQUEST',
      option: field,
    });
  });

  it('is refused with the place in its options, never with a value', () => {
    const error = errorOf(() => keys.generate({ text: 'canary', options: { a: ['canary', 2 ** 60] } }));
    expect(error).toMatchObject({ code: 'UNKEYABLE', option: 'options.a[1]' });
    expect(error.message).not.toContain('canary');
    expect(error.message).not.toContain(String(2 ** 60));
  });
});

describe('the key of a large request', () => {
  const long = 'Grüße 🎈 '.repeat(150_000);

  it.each<[string, AIRequest]>([
    ['a long text', { ...full, text: long }],
    [
      'long options',
      { ...full, options: { messages: Array.from({ length: 2_000 }, () => ({ content: 'x'.repeat(200) })) } },
    ],
    ['one long member', { ...full, options: { prompt: long } }],
    ['a lone surrogate in it', { ...full, text: `${long}\ud800` }],
  ])('with %s is made in turns, and the same as at once', async (_title, request) => {
    const pending = keys.keyInTurns(request);
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toEqual(keys.keyFor(request));
  });

  it('is refused in turns for what is refused at once', async () => {
    const messages = Array.from({ length: 2_000 }, () => ({ content: 'x'.repeat(200) }));
    const request = { text: '', options: { messages, z: Infinity } };
    await expect(keys.keyInTurns(request)).rejects.toThrow(errorOf(() => keys.keyFor(request)).message);
  });

  it('is there at once where the request is not large', () => {
    expect(keys.keyInTurns(full)).toEqual(keys.keyFor(full));
  });
});
