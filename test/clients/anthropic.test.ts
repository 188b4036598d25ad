import Anthropic from '@anthropic-ai/sdk';
import { describeSharing, type Caller, type ClientCase } from './sharing-suite.ts';

const model = 'claude-sonnet-5-5';

function clientOf({ origin, headers, fetch }: Caller): Anthropic {
  return new Anthropic({ apiKey: 'key', baseURL: origin, defaultHeaders: headers, fetch, maxRetries: 0 });
}

function asked({ prompt }: Caller): Anthropic.MessageCreateParamsNonStreaming {
  return { model, max_tokens: 1000, messages: [{ role: 'user', content: prompt }] };
}

const tools: Anthropic.Tool[] = ['get_weather', 'get_time'].map((name) => ({
  name,
  input_schema: { type: 'object', properties: {} },
}));

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

const cases: readonly ClientCase[] = [
  {
    title: 'a message',
    isStream: false,
    call: (caller) => clientOf(caller).messages.create(asked(caller)),
  },
  {
    title: 'a message that uses tools',
    isStream: false,
    call: (caller) => clientOf(caller).messages.create({ ...asked(caller), tools }),
  },
  {
    title: 'a message as a stream',
    isStream: true,
    call: async (caller) => collect(await clientOf(caller).messages.create({ ...asked(caller), stream: true })),
  },
  {
    title: 'a message that uses tools as a stream',
    isStream: true,
    call: async (caller) => collect(await clientOf(caller).messages.create({ ...asked(caller), tools, stream: true })),
  },
  {
    title: 'a message that the stream helper puts together',
    isStream: true,
    call: (caller) => clientOf(caller).messages.stream(asked(caller)).finalMessage(),
  },
];

describeSharing(cases);
