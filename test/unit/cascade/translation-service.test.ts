import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { readTranslation } from '../../../src/cascade/read-translation.ts';
import { CachedTranslationService } from '../../../src/cascade/translation-service.ts';
import type { CachedResponse } from '../../../src/direct/cached-response.ts';
import { chat, fails, scripted, type Act, type ScriptedProvider } from '../../support/scripted-provider.ts';

/** A translator that says what it was asked. */
const translates: Act = ({ text, options }) => ({ translation: `${options?.to as string}(${text})` });

function serviceOf(...providers: readonly ScriptedProvider[]): CachedTranslationService {
  return new CachedTranslationService({
    cascade: new ProviderCascade({ cache: new AIResponseCache(), providers, retries: 0 }),
  });
}

describe('a translation', () => {
  it('is made once and then served', async () => {
    const first = scripted('one', translates);
    const service = serviceOf(first);
    const made = await service.translate({ text: 'Hello', from: 'en', to: 'fr' });
    expect(made).toEqual({
      text: 'fr(Hello)',
      provider: 'one',
      model: 'one-model',
      cached: false,
      fallback: false,
      coalesced: false,
    });
    expect(await service.translate({ text: 'Hello', from: 'en', to: 'fr' })).toEqual({ ...made, cached: true });
    expect(first.call.asked).toHaveLength(1);
    expect(service.stats()).toMatchObject({ cache: { hits: 1, misses: 1 }, cascade: { hits: 1, misses: 1 } });
  });

  it('reaches the provider as it is: long, with placeholders, markup and white space', async () => {
    const first = scripted('one', translates);
    const text = `  <b>{name}</b>, %s & \${x} — {{count, plural, one {#}}}\r\n${'long '.repeat(40_000)}`;
    expect(await serviceOf(first).translate({ text, to: 'fr' })).toMatchObject({ text: `fr(${text})` });
    expect(first.call.asked).toMatchObject([{ text, operation: 'translate', options: { to: 'fr' } }]);
  });

  it('depends on its languages, its context, its glossary, its collection and its tenant', async () => {
    const first = scripted('one', translates);
    const service = serviceOf(first);
    const base = { text: 'Bank', to: 'fr' };
    const others = [
      base,
      { ...base, to: 'de' },
      { ...base, from: 'en' },
      { ...base, context: 'a river' },
      { ...base, glossary: { Bank: 'Rive' } },
      { ...base, collection: 'articles' },
      { ...base, tenant: 'acme' },
    ];
    for (const one of [...others, ...others]) {
      // oxlint-disable-next-line no-await-in-loop -- the second round comes after the first
      await service.translate(one);
    }
    expect(first.call.asked).toHaveLength(others.length);
  });

  it('that cannot be read is not stored, and the next provider is asked', async () => {
    const service = serviceOf(
      scripted('one', () => ({ nothing: 'here' })),
      scripted('two', translates),
    );
    const expected = { text: 'fr(a)', provider: 'two', fallback: true };
    expect(await service.translate({ text: 'a', to: 'fr' })).toMatchObject({ ...expected, cached: false });
    expect(await service.translate({ text: 'a', to: 'fr' })).toMatchObject({ ...expected, cached: true });
  });

  it('is read by a function of one’s own, whose fault is the provider’s failure', async () => {
    const cascade = new ProviderCascade({
      cache: new AIResponseCache(),
      providers: [scripted('one', () => ({ a: ['x'] }))],
    });
    const own = new CachedTranslationService({
      cascade,
      readTranslation: (response, { provider }) => `${provider} ${(response.json() as { a: string[] }).a[0]}`,
    });
    expect(await own.translate({ text: 'a', to: 'fr' })).toMatchObject({ text: 'one x' });
    const faulty = new CachedTranslationService({
      cascade,
      operation: 'other',
      readTranslation: () => {
        throw new Error('own');
      },
    });
    await expect(faulty.translate({ text: 'a', to: 'fr' })).rejects.toMatchObject({
      code: 'CASCADE_FAILED',
      failures: [{ reason: 'unusable' }],
    });
  });

  it.each<[object | null | undefined, string]>([
    [null, 'translation'],
    [undefined, 'translation'],
    [{ to: 'fr' }, 'text'],
    [{ text: '', to: 'fr' }, 'text'],
    [{ text: 'a' }, 'to'],
    [{ text: 'a', to: 'fr', from: 5 }, 'from'],
    [{ text: 'a', to: 'fr', glossary: ['x'] }, 'glossary'],
    [{ text: 'a', to: 'fr', glossary: { x: 1 } }, 'glossary'],
    [{ text: 'a', to: 'fr', tags: 'x' }, 'tags'],
  ])('%j is refused by the name of the field', async (translation, option) => {
    const first = scripted('one', translates);
    await expect(serviceOf(first).translate(translation as never)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      option,
    });
    expect(first.call.asked).toHaveLength(0);
  });
});

describe('a batch of translations', () => {
  it('tells of its progress to the end, also where no item is a translation', async () => {
    const told: unknown[] = [];
    const onProgress = (progress: unknown): void => void told.push(progress);
    await serviceOf(scripted('one', translates)).translateBatch([{ text: '', to: 'fr' }, null as never], {
      onProgress,
    });
    expect(told).toEqual([
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ]);
  });

  it('refuses options that are not as they must be', async () => {
    const service = serviceOf(scripted('one', translates));
    await expect(service.translateBatch([], { onProgress: 5 } as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'onProgress',
    });
  });

  it('is answered in order, with what became of each', async () => {
    const first = scripted('one', (request, signal) =>
      (request.text === 'bad' ? fails(401) : translates)(request, signal),
    );
    const told: unknown[] = [];
    const items = await serviceOf(first).translateBatch(
      [
        { text: 'a', to: 'fr' },
        { text: '', to: 'fr' },
        { text: 'bad', to: 'fr' },
        { text: 'a', to: 'fr' },
        { text: 'a', to: 'de' },
      ],
      { onProgress: (progress) => void told.push(progress) },
    );
    expect(items).toMatchObject([
      { status: 'fulfilled', text: 'fr(a)', coalesced: false },
      { status: 'rejected', error: { code: 'INVALID_REQUEST', option: 'text' } },
      { status: 'rejected', error: { code: 'CASCADE_FAILED' } },
      { status: 'fulfilled', text: 'fr(a)', coalesced: true },
      { status: 'fulfilled', text: 'de(a)', coalesced: false },
    ]);
    expect(told.at(-1)).toEqual({ done: 5, total: 5 });
    expect(first.call.asked).toHaveLength(3);
  });
});

describe('invalidating translations', () => {
  it('removes those of a collection and leaves what is no translation', async () => {
    const first = scripted('one', translates);
    const cache = new AIResponseCache();
    const cascade = new ProviderCascade({ cache, providers: [first] });
    const service = new CachedTranslationService({ cascade });
    await service.translate({ text: 'a', to: 'fr', collection: 'articles' });
    await service.translate({ text: 'a', to: 'fr', collection: 'mails' });
    await cascade.complete({ text: 'a', operation: 'summarize', collection: 'articles' });
    expect(await service.invalidate({ collection: 'articles' })).toEqual({ removed: 1 });
    expect(await service.translate({ text: 'a', to: 'fr', collection: 'articles' })).toMatchObject({ cached: false });
    expect(await service.translate({ text: 'a', to: 'fr', collection: 'mails' })).toMatchObject({ cached: true });
    expect(await service.invalidate()).toEqual({ removed: 2 });
    expect(await cascade.complete({ text: 'a', operation: 'summarize', collection: 'articles' })).toMatchObject({
      cached: true,
    });
  });
});

describe('the text of an answer', () => {
  const read = async (body: unknown): Promise<string | undefined> => {
    const cache = new AIResponseCache();
    const response: CachedResponse = await cache.getOrFill({ text: 'a' }, () => body as string);
    return readTranslation(response, { provider: 'one', model: 'm' });
  };

  it.each<[string, unknown]>([
    ['a chat completion', chat(' Bonjour ')],
    [
      'a chat completion in parts',
      chat([
        { type: 'thinking', thinking: [] },
        { type: 'text', text: ' Bonjour ' },
      ] as never),
    ],
    [
      'a response',
      {
        object: 'response',
        status: 'completed',
        output: [
          { type: 'reasoning', summary: [] },
          { type: 'message', content: [{ type: 'output_text', text: ' Bonjour ' }] },
        ],
      },
    ],
    [
      'a message',
      {
        type: 'message',
        role: 'assistant',
        stop_reason: 'end_turn',
        content: [
          { type: 'thinking', thinking: 'Hm' },
          { type: 'text', text: ' Bon' },
          { type: 'text', text: 'jour ' },
        ],
      },
    ],
    ['DeepL’s', { translations: [{ text: ' Bonjour ' }] }],
    ['Google’s', { data: { translations: [{ translatedText: ' Bonjour ' }] } }],
    ['a text', { text: ' Bonjour ' }],
    ['a translation', { translation: ' Bonjour ' }],
    ['plain text', ' Bonjour '],
  ])('is found in %s, untrimmed', async (_title, body) => {
    expect(await read(body)).toBe(' Bonjour ');
  });

  it.each([[{}], [[]], [{ choices: [] }], [{ text: 5 }], [Buffer.from('x')], [null]])(
    'is not found in %j',
    async (body) => {
      expect(await read(body)).toBeUndefined();
    },
  );
});
