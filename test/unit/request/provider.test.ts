import { describe, expect, it } from 'vitest';
import { providerOf } from '../../../src/request/provider.ts';

describe('the provider, where nobody says', () => {
  it.each([
    ['claude-sonnet-4-5', 'anthropic'],
    ['claude-3-opus-20240229', 'anthropic'],
    ['gpt-4o-mini', 'openai'],
    ['chatgpt-4o-latest', 'openai'],
    ['o1', 'openai'],
    ['o3-mini', 'openai'],
    ['o4-mini-2025-04-16', 'openai'],
    ['text-embedding-3-large', 'openai'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'openai'],
    ['mistral-large-latest', 'mistral'],
    ['codestral-latest', 'mistral'],
    ['ministral-8b-latest', 'mistral'],
    ['pixtral-12b', 'mistral'],
    ['open-mistral-nemo', 'mistral'],
    ['open-mixtral-8x22b', 'mistral'],
    ['magistral-medium-latest', 'mistral'],
    ['deepseek-chat', 'deepseek'],
    ['deepseek-reasoner', 'deepseek'],
    ['gemini-2.5-pro', 'google'],
    ['models/gemini-2.5-flash', 'google'],
    ['command-r-plus', 'cohere'],
    ['grok-4', 'xai'],
    ['sonar-pro', 'perplexity'],
    ['Claude-Sonnet-4-5', 'anthropic'],
    ['anthropic/claude-sonnet-4-5', 'anthropic'],
    ['openai/gpt-oss-120b', 'openai'],
    ['openrouter/anthropic/claude-sonnet-4-5', 'openrouter'],
    ['mistralai/mistral-7b-instruct', 'mistral'],
    ['meta-llama/llama-3.3-70b', undefined],
    ['llama-3.3-70b-versatile', undefined],
    ['qwen-max', undefined],
    ['my-gpt-4o', undefined],
    ['octopus', undefined],
    ['o1x', undefined],
    ['', undefined],
  ])('of the model %j is %s', (model, provider) => {
    expect(providerOf('/api/ask', model)).toBe(provider);
  });

  it.each([
    ['/v1/messages', 'anthropic'],
    ['/api/v1/messages/', 'anthropic'],
    ['/openai/v1/chat/completions', 'openai'],
    ['/proxy/Mistral/chat', 'mistral'],
    ['/deepseek/v1/messages', 'deepseek'],
    ['/groq/openai/v1/chat/completions', 'groq'],
    ['/v1/chat/completions', undefined],
    ['/v1/responses', undefined],
    ['/api/messages', undefined],
    ['/v1/messages/batches', undefined],
    ['/openai-like/chat', undefined],
    ['/', undefined],
    ['', undefined],
  ])('of the path %j is %s', (path, provider) => {
    expect(providerOf(path, undefined)).toBe(provider);
    expect(providerOf(path, 'an-alias')).toBe(provider);
  });

  it('follows the model where it is asked through the protocol of another', () => {
    expect(providerOf('/v1/messages', 'deepseek-chat')).toBe('deepseek');
    expect(providerOf('/openai/v1/chat/completions', 'claude-sonnet-4-5')).toBe('anthropic');
  });
});
