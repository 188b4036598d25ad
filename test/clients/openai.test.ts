import OpenAI from 'openai';
import { describeSharing, type Caller, type ClientCase } from './sharing-suite.ts';

const model = 'o4-mini';

function clientOf({ origin, headers, fetch }: Caller): OpenAI {
  return new OpenAI({ apiKey: 'key', baseURL: `${origin}/v1`, defaultHeaders: headers, fetch, maxRetries: 0 });
}

function messagesOf({ prompt }: Caller): OpenAI.ChatCompletionMessageParam[] {
  return [{ role: 'user', content: prompt }];
}

const tools: OpenAI.ChatCompletionTool[] = ['get_weather', 'get_time'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
}));

const streaming = { stream: true, stream_options: { include_usage: true } } as const;

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

const cases: readonly ClientCase[] = [
  {
    title: 'a chat completion',
    isStream: false,
    call: (caller) => clientOf(caller).chat.completions.create({ model, messages: messagesOf(caller) }),
  },
  {
    title: 'a chat completion with tool calls',
    isStream: false,
    call: (caller) => clientOf(caller).chat.completions.create({ model, tools, messages: messagesOf(caller) }),
  },
  {
    title: 'a chat completion as a stream',
    isStream: true,
    call: async (caller) =>
      collect(await clientOf(caller).chat.completions.create({ model, messages: messagesOf(caller), ...streaming })),
  },
  {
    title: 'a chat completion with tool calls as a stream',
    isStream: true,
    call: async (caller) =>
      collect(
        await clientOf(caller).chat.completions.create({ model, tools, messages: messagesOf(caller), ...streaming }),
      ),
  },
  {
    title: 'a chat completion that the stream helper puts together',
    isStream: true,
    call: async (caller) => {
      const stream = clientOf(caller).chat.completions.stream({ model, messages: messagesOf(caller), ...streaming });
      return [await stream.finalChatCompletion(), await stream.totalUsage()];
    },
  },
  {
    title: 'a response',
    isStream: false,
    call: (caller) => clientOf(caller).responses.create({ model, input: caller.prompt }),
  },
  {
    title: 'a response as a stream',
    isStream: true,
    call: async (caller) =>
      collect(await clientOf(caller).responses.create({ model, input: caller.prompt, stream: true })),
  },
];

describeSharing(cases);
