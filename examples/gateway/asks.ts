/** What the demonstration asks: each official client as its documentation has it, with another base URL. */
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI } from '@ai-sdk/openai';
import { Mistral } from '@mistralai/mistralai';
import { generateText } from 'ai';
import OpenAI from 'openai';
import type { Provider } from './providers.ts';

export interface Ask {
  readonly title: string;
  readonly provider: Provider['name'];
  /** Resolves to what the client made of the answer. */
  call(prompt: string): Promise<unknown>;
}

/** `keyOf`: the client's own key for a provider. */
export function asksOf(gateway: string, keyOf: (provider: Provider['name']) => string): Ask[] {
  const openai = new OpenAI({ apiKey: keyOf('openai'), baseURL: `${gateway}/openai/v1` });
  const deepseek = new OpenAI({ apiKey: keyOf('deepseek'), baseURL: `${gateway}/deepseek/v1` });
  const anthropic = new Anthropic({ apiKey: keyOf('anthropic'), baseURL: `${gateway}/anthropic` });
  const mistral = new Mistral({ apiKey: keyOf('mistral'), serverURL: `${gateway}/mistral` });
  const ai = createOpenAI({ apiKey: keyOf('openai'), baseURL: `${gateway}/openai/v1` });
  const model = 'gpt-4o-mini';
  return [
    {
      title: 'openai chat.completions',
      provider: 'openai',
      call: (prompt) => openai.chat.completions.create({ model, messages: said(prompt) }),
    },
    {
      title: 'openai chat.completions.stream',
      provider: 'openai',
      call: (prompt) => openai.chat.completions.stream({ model, messages: said(prompt) }).finalChatCompletion(),
    },
    {
      title: 'openai responses',
      provider: 'openai',
      call: (prompt) => openai.responses.create({ model, input: prompt }),
    },
    {
      title: 'openai embeddings of a list',
      provider: 'openai',
      call: async (prompt) => {
        const input = [prompt, 'A text that every list has.'];
        return (await openai.embeddings.create({ model: 'text-embedding-3-small', input })).data;
      },
    },
    {
      title: '@anthropic-ai/sdk messages.stream',
      provider: 'anthropic',
      call: (prompt) =>
        anthropic.messages
          .stream({ model: 'claude-haiku-4-5', max_tokens: 1000, messages: said(prompt) })
          .finalMessage(),
    },
    {
      title: '@mistralai/mistralai chat.complete',
      provider: 'mistral',
      call: (prompt) => mistral.chat.complete({ model: 'mistral-small-latest', messages: said(prompt) }),
    },
    {
      title: 'openai with DeepSeek',
      provider: 'deepseek',
      call: (prompt) => deepseek.chat.completions.create({ model: 'deepseek-chat', messages: said(prompt) }),
    },
    {
      title: 'ai generateText',
      provider: 'openai',
      call: async (prompt) => {
        const { text, finishReason, usage } = await generateText({ model: ai(model), prompt });
        return { text, finishReason, usage };
      },
    },
  ];
}

function said(content: string): { role: 'user'; content: string }[] {
  return [{ role: 'user', content }];
}
