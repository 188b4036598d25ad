import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import { Mistral } from '@mistralai/mistralai';
import { AIResponseCache } from 'express-ai-cache';
import { CachedTranslationService, ProviderCascade, type CascadeProvider } from 'express-ai-cache/cascade';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';

/** A provider's emulator that ends with the test. */
async function emulator(prepare: (mock: LLMock) => void): Promise<LLMock> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 });
  prepare(mock);
  await mock.start();
  onTestFinished(() => mock.stop());
  return mock;
}

const saying =
  (content: string) =>
  (mock: LLMock): void =>
    void mock.onMessage(/[^]*/, { content });

const failing =
  (status: number) =>
  (mock: LLMock): void =>
    void mock.onMessage(/[^]*/, { status, retryAfter: 0, error: { message: 'not now', type: 'an_error' } });

const callsOf = (mock: LLMock): number => mock.getRequests().length;

function openai({ url }: Pick<LLMock, 'url'>): CascadeProvider {
  const client = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 });
  return {
    provider: 'openai',
    model: 'gpt-4o-mini',
    call: ({ model, text }, { signal }) =>
      client.chat.completions.create({ model, messages: [{ role: 'user', content: text }] }, { signal }),
  };
}

function responses({ url }: Pick<LLMock, 'url'>): CascadeProvider {
  const client = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 });
  return {
    provider: 'openai-responses',
    model: 'gpt-4o',
    call: ({ model, text }, { signal }) => client.responses.create({ model, input: text }, { signal }),
  };
}

function anthropic({ url }: Pick<LLMock, 'url'>): CascadeProvider {
  const client = new Anthropic({ apiKey: 'key', baseURL: url, maxRetries: 0 });
  return {
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    call: ({ model, text }, { signal }) =>
      client.messages.create({ model, max_tokens: 99, messages: [{ role: 'user', content: text }] }, { signal }),
  };
}

function mistral({ url }: Pick<LLMock, 'url'>): CascadeProvider {
  const client = new Mistral({ apiKey: 'key', serverURL: url, retryConfig: { strategy: 'none' } });
  return {
    provider: 'mistral',
    model: 'mistral-small-latest',
    call: ({ model, text }, { signal }) =>
      client.chat.complete({ model, messages: [{ role: 'user', content: text }] }, { fetchOptions: { signal } }),
  };
}

const kinds = [
  ['openai', openai],
  ['openai responses', responses],
  ['anthropic', anthropic],
  ['mistral', mistral],
] as const;

describe.each(kinds)('the official SDK of %s', (_title, providerOf) => {
  it('gives an answer that is stored under its provider and model, with its usage, and read as a translation', async () => {
    const mock = await emulator(saying('Bonjour'));
    const provider = providerOf(mock);
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [provider] });
    const made = await cascade.complete({ text: 'Hello' });
    expect(made.notStored).toBeUndefined();
    expect(made.response.usage).toEqual({ inputTokens: expect.any(Number), outputTokens: expect.any(Number) });
    const again = await cascade.complete({ text: 'Hello' });
    expect(again).toMatchObject({ cached: true, provider: provider.provider, model: provider.model });
    expect(again.response.json()).toEqual(made.response.json());
    expect(callsOf(mock)).toBe(1);

    const service = new CachedTranslationService({ cascade });
    expect(await service.translate({ text: 'Hello', to: 'fr' })).toMatchObject({ text: 'Bonjour', cached: false });
  });

  it.each([
    [401, 1],
    [404, 1],
    [429, 2],
    [500, 2],
    [529, 2],
  ])('after %i is asked %i times, then the next one', async (status, times) => {
    const [bad, good] = [await emulator(failing(status)), await emulator(saying('Good'))];
    const providers = [providerOf(bad), { ...openai(good), provider: 'next' }];
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers, retries: 1, retryDelayMs: 1 });
    expect(await cascade.complete({ text: 'Hello' })).toMatchObject({
      provider: 'next',
      fallback: true,
      failures: [{ reason: 'status', status, attempts: times }],
    });
    expect([callsOf(bad), callsOf(good)]).toEqual([times, 1]);
  });

  it('that cannot connect is left for the next one', async () => {
    const good = await emulator(saying('Good'));
    const providers = [providerOf({ url: 'http://127.0.0.1:1' }), { ...openai(good), provider: 'next' }];
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers, retries: 1, retryDelayMs: 1 });
    expect(await cascade.complete({ text: 'Hello' })).toMatchObject({
      provider: 'next',
      failures: [{ reason: 'no-response', attempts: 2 }],
    });
  });
});

it('a first provider that answers 429, then hangs, then breaks its stream is followed by the next, whose entry is a hit from then on', async () => {
  const never = new Promise<never>(() => undefined);
  const first = await emulator((mock) => {
    mock.on({ sequenceIndex: 0 }, { status: 429, retryAfter: 0, error: { message: 'slow down', type: 'limit' } });
    mock.on({ sequenceIndex: 1 }, () => never);
    mock.on({ sequenceIndex: 2 }, { content: 'Half of an answer' }, { chunkSize: 4, truncateAfterChunks: 2 });
  });
  const second = await emulator(saying('Whole'));
  const client = new OpenAI({ apiKey: 'key', baseURL: `${first.url}/v1`, maxRetries: 0 });
  const streaming: CascadeProvider = {
    provider: 'first',
    model: 'gpt-4o-mini',
    attemptTimeoutMs: 2_000,
    timeoutMs: 25_000,
    call: ({ model, text }, { signal }) =>
      client.chat.completions
        .stream({ model, messages: [{ role: 'user', content: text }] }, { signal })
        .finalChatCompletion(),
  };
  const cache = new AIResponseCache();
  const cascade = new ProviderCascade({ cache, providers: [streaming, anthropic(second)], retryDelayMs: 1 });
  const result = await cascade.complete({ text: 'Hello' });
  expect(result).toMatchObject({
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    fallback: true,
    failures: [{ provider: 'first', reason: 'no-response', attempts: 3 }],
  });
  expect(await cache.get({ text: 'Hello', provider: 'first', model: 'gpt-4o-mini' })).toBeUndefined();
  expect(await cache.get({ text: 'Hello', provider: 'anthropic', model: 'claude-sonnet-4-6' })).toBeDefined();
  expect(await cascade.complete({ text: 'Hello' })).toMatchObject({ provider: 'anthropic', cached: true });
  expect(callsOf(second)).toBe(1);
});
