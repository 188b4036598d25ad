/** The four providers, each through its official SDK, in the order in which they are asked. */
import Anthropic from '@anthropic-ai/sdk';
import { Mistral } from '@mistralai/mistralai';
import type { CascadeProvider, ProviderRequest } from 'express-ai-cache/cascade';
import OpenAI from 'openai';

export type ProviderName = 'openai' | 'anthropic' | 'mistral' | 'deepseek';

export interface Access {
  /** Without `/v1`. */
  readonly url: string;
  readonly apiKey: string;
}

const MAX_TOKENS = 4_096;

/** The cascade retries, so that the SDKs do not. */
export function createProviders(access: Readonly<Record<ProviderName, Access>>): CascadeProvider[] {
  return [
    chatCompletions('openai', 'gpt-4o-mini', access.openai),
    anthropic(access.anthropic),
    mistral(access.mistral),
    // DeepSeek speaks OpenAI's protocol.
    chatCompletions('deepseek', 'deepseek-chat', access.deepseek),
  ];
}

function chatCompletions(provider: string, model: string, { url, apiKey }: Access): CascadeProvider {
  const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  return {
    provider,
    model,
    call: (request, { signal }) =>
      client.chat.completions.create(
        {
          model: request.model,
          messages: [
            { role: 'system', content: instructionsFor(request) },
            { role: 'user', content: request.text },
          ],
        },
        { signal },
      ),
  };
}

function anthropic({ url, apiKey }: Access): CascadeProvider {
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
  return {
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    call: (request, { signal }) =>
      client.messages.create(
        {
          model: request.model,
          max_tokens: MAX_TOKENS,
          system: instructionsFor(request),
          messages: [{ role: 'user', content: request.text }],
        },
        { signal },
      ),
  };
}

function mistral({ url, apiKey }: Access): CascadeProvider {
  const client = new Mistral({ apiKey, serverURL: url, retryConfig: { strategy: 'none' } });
  return {
    provider: 'mistral',
    model: 'mistral-small-latest',
    call: (request, { signal }) =>
      client.chat.complete(
        {
          model: request.model,
          messages: [
            { role: 'system', content: instructionsFor(request) },
            { role: 'user', content: request.text },
          ],
        },
        { fetchOptions: { signal } },
      ),
  };
}

function instructionsFor({ options = {} }: ProviderRequest): string {
  const { from = 'its language', to, context, glossary } = options;
  return [
    `Translate the text from ${from as string} to ${to as string}.`,
    'Keep placeholders and markup as they are. Answer with the translation alone.',
    ...(context === undefined ? [] : [`What it is about: ${context as string}`]),
    ...(glossary === undefined ? [] : [`Use these words: ${JSON.stringify(glossary)}`]),
  ].join('\n');
}
