import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI } from '@ai-sdk/openai';
import { Mistral } from '@mistralai/mistralai';
import { HTTPClient } from '@mistralai/mistralai/lib/http.js';
import { generateText } from 'ai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Origins } from './gateway-cases.ts';
import { gatewaySite, originsAt } from './gateway-site.ts';
import { scriptedUpstream, sendJson, type Script, type ScriptedUpstream } from './scripted-upstream.ts';

interface Options {
  readonly maxRetries: number;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

interface Client {
  readonly sdk: string;
  /** Resolves to the text of the answer. */
  ask(origins: Origins, options: Options): Promise<unknown>;
}

const messages: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
const model = 'gpt-4o-mini';

const openai: Client = {
  sdk: 'openai',
  ask: async (origins, { signal, ...options }) => {
    const client = new OpenAI({ apiKey: 'key', baseURL: `${origins.openai}/v1`, ...options });
    const answer = await client.chat.completions.create({ model, messages }, { signal });
    return answer.choices[0]?.message.content;
  },
};

const anthropic: Client = {
  sdk: '@anthropic-ai/sdk',
  ask: async (origins, { signal, ...options }) => {
    const client = new Anthropic({ apiKey: 'key', baseURL: origins.anthropic, ...options });
    const body = { model: 'claude-haiku-4-5', max_tokens: 9, messages };
    return (await client.messages.create(body, signal === undefined ? {} : { signal })).content;
  },
};

const mistral: Client = {
  sdk: '@mistralai/mistralai',
  ask: async (origins, { maxRetries, timeout, signal }) => {
    const backoff = { initialInterval: 1, maxInterval: 5, exponent: 1, maxElapsedTime: maxRetries === 0 ? 0 : 20_000 };
    const client = new Mistral({
      apiKey: 'key',
      serverURL: origins.mistral,
      httpClient: new HTTPClient(),
      retryConfig: maxRetries === 0 ? { strategy: 'none' } : { strategy: 'backoff', backoff },
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    });
    const fetchOptions = signal === undefined ? {} : { fetchOptions: { signal } };
    return (await client.chat.complete({ model: 'mistral-small-latest', messages }, fetchOptions)).choices?.[0]
      ?.message;
  },
};

const ai: Client = {
  sdk: 'ai, @ai-sdk/openai',
  ask: async (origins, { maxRetries, timeout, signal }) => {
    const provider = createOpenAI({ apiKey: 'key', baseURL: `${origins.openai}/v1` });
    const abortSignal = timeout === undefined ? signal : AbortSignal.timeout(timeout);
    const prompt = { model: provider.chat(model), prompt: 'Hello', maxRetries };
    return (await generateText({ ...prompt, ...(abortSignal === undefined ? {} : { abortSignal }) })).text;
  },
};

const clients = [openai, anthropic, mistral, ai];

function sendAnswer(res: Parameters<Script>[0], path: string): void {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const choice = { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' };
  const chat = { id: 'c', object: 'chat.completion', created: 1, model, choices: [choice], usage };
  const content = [{ type: 'text', text: 'Hi' }];
  const head = { id: 'm', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_reason: 'end_turn' };
  const message = { ...head, content, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 2 } };
  sendJson(res, 200, path.endsWith('/messages') ? message : chat);
}

/** What the caller of an SDK sees of a failure. */
async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await work };
  } catch (error) {
    const { name, message, status } = error as { name: string; message: string; status?: unknown };
    return { name: [name, (error as object).constructor.name], message, status };
  }
}

interface Place {
  readonly upstream: ScriptedUpstream;
  readonly origins: Origins;
}

/** The provider itself, and a gateway in front of one of the same kind. */
async function bothPlaces(script: Script): Promise<[direct: Place, gateway: Place]> {
  const [direct, behind] = await Promise.all([scriptedUpstream(script), scriptedUpstream(script)]);
  const { origins } = await gatewaySite(behind.url);
  return [
    { upstream: direct, origins: originsAt(direct.url) },
    { upstream: behind, origins },
  ];
}

describe.each(clients)('$sdk through the gateway', ({ ask }) => {
  it('tries again after a 429 with Retry-After and a 500 as often as at the provider, and what it gets then is stored', async () => {
    const script: Script = (res, count, { path }) => {
      if (count === 1) return sendJson(res, 429, { error: { message: 'Later' } }, { 'retry-after-ms': '1' });
      if (count === 2) return sendJson(res, 500, { error: { message: 'Failed' } }, { 'retry-after-ms': '1' });
      return sendAnswer(res, path);
    };
    const [direct, gateway] = await bothPlaces(script);
    const options = { maxRetries: 3 };
    const expected = await outcomeOf(ask(direct.origins, options));
    expect(expected).toHaveProperty('answered');
    expect(await outcomeOf(ask(gateway.origins, options))).toEqual(expected);
    expect([direct.upstream.received.length, gateway.upstream.received.length]).toEqual([3, 3]);
    expect(await outcomeOf(ask(gateway.origins, options))).toEqual(expected);
    expect(gateway.upstream.received).toHaveLength(3);
  });

  it('gives up after its retries with the same error as at the provider', async () => {
    const script: Script = (res) =>
      sendJson(res, 503, { error: { message: 'Down', type: 'server_error' } }, { 'retry-after-ms': '1' });
    const [direct, gateway] = await bothPlaces(script);
    const expected = await outcomeOf(ask(direct.origins, { maxRetries: 0 }));
    expect(expected).not.toHaveProperty('answered');
    expect(await outcomeOf(ask(gateway.origins, { maxRetries: 0 }))).toEqual(expected);
    expect([direct.upstream.received.length, gateway.upstream.received.length]).toEqual([1, 1]);
  });

  it('times out as at the provider, whose work ends too', async () => {
    const places = await bothPlaces(() => undefined);
    const outcomes = await Promise.all(
      places.map(async ({ upstream, origins }) => {
        const outcome = await outcomeOf(ask(origins, { maxRetries: 0, timeout: 1_000 }));
        await upstream.left(1);
        return { outcome, calls: upstream.received.length };
      }),
    );
    expect(outcomes[0]).toMatchObject({ outcome: { name: expect.anything() }, calls: 1 });
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it('stops at an AbortSignal as at the provider, whose work ends too', async () => {
    const places = await bothPlaces(() => undefined);
    const outcomes = await Promise.all(
      places.map(async ({ upstream, origins }) => {
        const controller = new AbortController();
        void upstream.came(1).then(() => controller.abort());
        const outcome = await outcomeOf(ask(origins, { maxRetries: 2, signal: controller.signal }));
        await upstream.left(1);
        return { outcome, calls: upstream.received.length };
      }),
    );
    expect(outcomes[0]).toMatchObject({ outcome: { name: expect.anything() }, calls: 1 });
    expect(outcomes[1]).toEqual(outcomes[0]);
  });
});

describe('a stream through the gateway', () => {
  const chunk = (content: string): string =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

  it('comes event by event, and ends at the provider when its only client breaks off', async () => {
    const upstream = await scriptedUpstream((res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunk('One'));
    });
    const { origins, cache } = await gatewaySite(upstream.url);
    const client = new OpenAI({ apiKey: 'key', baseURL: `${origins.openai}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    const contents: unknown[] = [];
    for await (const { choices } of stream) {
      contents.push(choices[0]?.delta.content);
      break;
    }
    await upstream.left(1);
    expect(contents).toEqual(['One']);
    expect((await cache.info()).tiers.memory).toMatchObject({ entries: 0 });
  });

  it('has its head at the client before the provider has a word', async () => {
    const upstream = await scriptedUpstream((res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'x-request-id': 'req_9' }).flushHeaders();
    });
    const { origins } = await gatewaySite(upstream.url);
    const client = new OpenAI({ apiKey: 'key', baseURL: `${origins.openai}/v1`, maxRetries: 0 });
    const created = client.chat.completions.create({ model, messages, stream: true });
    const { data: stream, request_id: id } = await created.withResponse();
    stream.controller.abort();
    await upstream.left(1);
    expect(id).toBe('req_9');
  });

  it('goes on for those who have joined it when the first client breaks off', async () => {
    const mayEnd = Promise.withResolvers<void>();
    const upstream = await scriptedUpstream(async (res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunk('One'));
      await mayEnd.promise;
      res.end(`${chunk(' two').replace('"finish_reason":null', '"finish_reason":"stop"')}data: [DONE]\n\n`);
    });
    const { origins } = await gatewaySite(upstream.url);
    const client = new OpenAI({ apiKey: 'key', baseURL: `${origins.openai}/v1`, maxRetries: 0 });
    const first = await client.chat.completions.create({ model, messages, stream: true });
    const joined = await client.chat.completions.create({ model, messages, stream: true });
    await first[Symbol.asyncIterator]().next();
    first.controller.abort();
    mayEnd.resolve();
    const contents: unknown[] = [];
    for await (const { choices } of joined) contents.push(choices[0]?.delta.content);
    expect(contents).toEqual(['One', ' two']);
    expect(upstream.received).toHaveLength(1);
  });
});
