import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI } from '@ai-sdk/openai';
import { Mistral } from '@mistralai/mistralai';
import { HTTPClient } from '@mistralai/mistralai/lib/http.js';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';

/** What a client is made of, and what it asks. */
export interface Asking {
  /** Where the gateway is, or the provider itself. */
  readonly origin: Origins;
  readonly fetch: typeof fetch;
  readonly prompt: string;
}

/** What an SDK takes for its base URL, by provider, without `/v1`. */
export type Origins = Readonly<Record<'openai' | 'anthropic' | 'mistral' | 'deepseek', string>>;

/** One operation of an official SDK. */
export interface GatewayCase {
  readonly sdk: string;
  readonly operation: string;
  /** The events that the SDK gave, where it is a stream that is read event by event. */
  readonly isStream: boolean;
  /** Resolves to everything the SDK makes of the answer; of a stream, a list of its events. */
  call(asking: Asking): Promise<unknown>;
}

type Said = { role: 'user'; content: string }[];

const said = (content: string): Said => [{ role: 'user', content }];

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** The id of the request is in a header, and the SDK hides it in a property that does not show. */
function withId(answer: { readonly _request_id?: string | null }): unknown {
  const { _request_id: id } = answer;
  return { answer, id };
}

function openaiAt({ origin, fetch }: Asking): OpenAI {
  return new OpenAI({ apiKey: 'key', baseURL: `${origin.openai}/v1`, fetch, maxRetries: 0 });
}

const weather = { type: 'object', properties: { city: { type: 'string' } } } as const;
const tools: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'get_weather', parameters: { ...weather } } },
];
const model = 'gpt-4o-mini';

const openaiCases: readonly GatewayCase[] = [
  {
    sdk: 'openai',
    operation: 'chat.completions.create',
    isStream: false,
    call: async (asking) =>
      withId(await openaiAt(asking).chat.completions.create({ model, messages: said(asking.prompt) })),
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.create, tools',
    isStream: false,
    call: async (asking) =>
      withId(
        await openaiAt(asking).chat.completions.create({ model, tools, messages: said(`tool: ${asking.prompt}`) }),
      ),
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.create, stream',
    isStream: true,
    call: async (asking) =>
      collect(await openaiAt(asking).chat.completions.create({ model, messages: said(asking.prompt), stream: true })),
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.create, stream, tools',
    isStream: true,
    call: async (asking) => {
      const messages = said(`tool: ${asking.prompt}`);
      return collect(await openaiAt(asking).chat.completions.create({ model, tools, messages, stream: true }));
    },
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.stream',
    isStream: false,
    call: async (asking) => {
      const stream = openaiAt(asking).chat.completions.stream({
        model,
        messages: said(asking.prompt),
        stream_options: { include_usage: true },
      });
      return [await stream.finalChatCompletion(), await stream.totalUsage()];
    },
  },
  {
    sdk: 'openai',
    operation: 'responses.create',
    isStream: false,
    call: async (asking) => withId(await openaiAt(asking).responses.create({ model, input: asking.prompt })),
  },
  {
    sdk: 'openai',
    operation: 'responses.create, stream',
    isStream: true,
    call: async (asking) =>
      collect(await openaiAt(asking).responses.create({ model, input: asking.prompt, stream: true })),
  },
  {
    sdk: 'openai',
    operation: 'responses.stream',
    isStream: false,
    call: (asking) => openaiAt(asking).responses.stream({ model, input: asking.prompt }).finalResponse(),
  },
  {
    sdk: 'openai',
    operation: 'embeddings.create',
    isStream: false,
    call: async (asking) =>
      withId(await openaiAt(asking).embeddings.create({ model: 'text-embedding-3-small', input: asking.prompt })),
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.create at DeepSeek',
    isStream: false,
    call: async ({ origin, fetch, prompt }) => {
      const deepseek = new OpenAI({ apiKey: 'key', baseURL: `${origin.deepseek}/v1`, fetch, maxRetries: 0 });
      return withId(await deepseek.chat.completions.create({ model: 'deepseek-chat', messages: said(prompt) }));
    },
  },
  {
    sdk: 'openai',
    operation: 'chat.completions.create at DeepSeek, stream',
    isStream: true,
    call: async ({ origin, fetch, prompt }) => {
      const deepseek = new OpenAI({ apiKey: 'key', baseURL: `${origin.deepseek}/v1`, fetch, maxRetries: 0 });
      const messages = said(prompt);
      return collect(await deepseek.chat.completions.create({ model: 'deepseek-reasoner', messages, stream: true }));
    },
  },
];

function anthropicAt({ origin, fetch }: Asking): Anthropic {
  return new Anthropic({ apiKey: 'key', baseURL: origin.anthropic, fetch, maxRetries: 0 });
}

const claude = { model: 'claude-sonnet-5-5', max_tokens: 1000 } as const;
const claudeTools: Anthropic.Tool[] = [{ name: 'get_weather', input_schema: { ...weather } }];

const anthropicCases: readonly GatewayCase[] = [
  {
    sdk: '@anthropic-ai/sdk',
    operation: 'messages.create',
    isStream: false,
    call: async (asking) =>
      withId(await anthropicAt(asking).messages.create({ ...claude, messages: said(asking.prompt) })),
  },
  {
    sdk: '@anthropic-ai/sdk',
    operation: 'messages.create, tools',
    isStream: false,
    call: async (asking) => {
      const messages = said(`tool: ${asking.prompt}`);
      return withId(await anthropicAt(asking).messages.create({ ...claude, tools: claudeTools, messages }));
    },
  },
  {
    sdk: '@anthropic-ai/sdk',
    operation: 'messages.create, stream',
    isStream: true,
    call: async (asking) =>
      collect(await anthropicAt(asking).messages.create({ ...claude, messages: said(asking.prompt), stream: true })),
  },
  {
    sdk: '@anthropic-ai/sdk',
    operation: 'messages.stream, tools',
    isStream: false,
    call: (asking) => {
      const messages = said(`tool: ${asking.prompt}`);
      return anthropicAt(asking)
        .messages.stream({ ...claude, tools: claudeTools, messages })
        .finalMessage();
    },
  },
];

function mistralAt({ origin, fetch }: Asking): Mistral {
  const httpClient = new HTTPClient({ fetcher: (input, init) => fetch(input, init) });
  return new Mistral({ apiKey: 'key', serverURL: origin.mistral, httpClient });
}

const mistralCases: readonly GatewayCase[] = [
  {
    sdk: '@mistralai/mistralai',
    operation: 'chat.complete',
    isStream: false,
    call: (asking) => mistralAt(asking).chat.complete({ model: 'mistral-small-latest', messages: said(asking.prompt) }),
  },
  {
    sdk: '@mistralai/mistralai',
    operation: 'chat.stream',
    isStream: true,
    call: async (asking) =>
      collect(await mistralAt(asking).chat.stream({ model: 'mistral-small-latest', messages: said(asking.prompt) })),
  },
];

type AiModel = Parameters<typeof generateText>[0]['model'];

function aiModelAt({ origin, fetch }: Asking, api: 'chat' | 'responses'): AiModel {
  return createOpenAI({ apiKey: 'key', baseURL: `${origin.openai}/v1`, fetch })[api](model);
}

/** Without what the client measures itself and what differs from one answer to the next anyway: headers such as Date. */
function withoutTransport(part: object): object {
  const { request: _request, performance: _performance, response, ...rest } = part as Record<string, unknown>;
  if (response === undefined) return rest;
  const { headers: _headers, ...facts } = response as Record<string, unknown>;
  return { ...rest, response: facts };
}

function generated(api: 'chat' | 'responses'): GatewayCase['call'] {
  return async (asking) => {
    const result = await generateText({ model: aiModelAt(asking, api), prompt: asking.prompt, maxRetries: 0 });
    const { text, finishReason, usage, response, content, providerMetadata } = result;
    const { id, modelId, timestamp, body } = response;
    return { text, finishReason, usage, content, providerMetadata, id, modelId, timestamp, body };
  };
}

function streamed(api: 'chat' | 'responses'): GatewayCase['call'] {
  return async (asking) => {
    const { fullStream } = streamText({ model: aiModelAt(asking, api), prompt: asking.prompt, maxRetries: 0 });
    return (await collect(fullStream)).map(withoutTransport);
  };
}

const aiCases: readonly GatewayCase[] = (['chat', 'responses'] as const).flatMap((api) => [
  { sdk: 'ai, @ai-sdk/openai', operation: `generateText, ${api}`, isStream: false, call: generated(api) },
  { sdk: 'ai, @ai-sdk/openai', operation: `streamText, ${api}`, isStream: true, call: streamed(api) },
]);

export const gatewayCases: readonly GatewayCase[] = [...openaiCases, ...anthropicCases, ...mistralCases, ...aiCases];
