import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { CachedTranslationService } from '../../../src/cascade/translation-service.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { chat, fails, scripted, type Act } from '../../support/scripted-provider.ts';

const saysOptions: Act = ({ options }) => chat(JSON.stringify(options));

describe('a request that its caller changes while it is answered', () => {
  it('is answered as it was: no answer is stored under the key of another question', async () => {
    const first = scripted('one', fails(401));
    const second = scripted('two', saysOptions);
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [first, second] });
    const options = { to: 'fr', words: { a: 'b' } };
    const tags = ['x'];
    const pending = cascade.complete({ text: 'Good morning', options, tags });
    options.to = 'de';
    options.words.a = 'c';
    tags.push('y');
    const asked = { to: 'fr', words: { a: 'b' } };
    expect((await pending).response.json()).toEqual(chat(JSON.stringify(asked)));
    expect(first.call.asked).toMatchObject([{ options: asked, tags: ['x'] }]);
    const again = await cascade.complete({ text: 'Good morning', options: asked });
    expect(again).toMatchObject({ cached: true, provider: 'two' });
    expect(await cascade.complete({ text: 'Good morning', options })).toMatchObject({ cached: false });
  });

  it('so is a glossary, and each item of a batch', async () => {
    const first = scripted('one', ({ options }) => ({ translation: JSON.stringify(options?.glossary) }));
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [first] });
    const service = new CachedTranslationService({ cascade });
    const glossary = { sky: 'ciel' };
    const pending = service.translateBatch([{ text: 'sky', to: 'fr', glossary }]);
    glossary.sky = 'Himmel';
    expect(await pending).toMatchObject([{ text: '{"sky":"ciel"}' }]);
  });
});

describe('a provider that changes what it was asked', () => {
  it('changes it for nobody else: not for the caller, the next attempt, the next provider or the entry', async () => {
    const spoils: Act = (request) => {
      request.provider = 'other';
      request.model = 'other-model';
      Object.assign(request.options ?? {}, { to: 'xx' });
      throw new Error('It cannot.');
    };
    const renames: Act = (request) => {
      request.model = 'other-model';
      return saysOptions(request, new AbortController().signal);
    };
    const [first, second] = [scripted('one', spoils), scripted('two', renames)];
    const cache = new AIResponseCache();
    const cascade = new ProviderCascade({ cache, providers: [first, second], retries: 1, retryDelayMs: 1 });
    const request: AIRequest = { text: 'Good morning', options: { to: 'fr' } };
    const made = await cascade.complete(request);
    expect(request).toEqual({ text: 'Good morning', options: { to: 'fr' } });
    expect(made).toMatchObject({ provider: 'two', model: 'two-model', response: { model: 'two-model' } });
    expect(made.response.json()).toEqual(chat('{"to":"fr"}'));
    expect(made.failures).toMatchObject([{ provider: 'one', model: 'one-model', attempts: 2 }]);
    expect(await cache.invalidate({ provider: 'two', model: 'two-model' })).toEqual({ removed: 1 });
  });
});
