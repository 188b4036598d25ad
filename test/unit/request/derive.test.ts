import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AIRequest, JsonObject } from '../../../src/request/ai-request.ts';
import { derive } from '../../../src/request/derive.ts';
import { describeBody } from '../../../src/request/describe.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';
import { operationOf } from '../../../src/request/operation.ts';

const keys = new CacheKeyGenerator();

/** As buildRequest makes a request of a body. */
function requestOf(body: JsonObject, target: string): AIRequest {
  const described: AIRequest = { ...describeBody({ form: 'object', value: body }, [], []), target, vary: {} };
  const { fields, names } = derive(described, target, true);
  return names === '' ? described : { ...described, ...fields, vary: { ':derived': names } };
}

const MESSAGES = [{ role: 'user', content: 'Hi' }];

describe('the operation, where nobody says', () => {
  it.each<[string, JsonObject, string | undefined]>([
    ['/v1/chat/completions', { messages: MESSAGES }, 'chat'],
    ['/v1/messages', { messages: MESSAGES }, 'chat'],
    ['/api/of/mine', { messages: MESSAGES }, 'chat'],
    ['/v1/embeddings', { input: 'a' }, 'embeddings'],
    ['/v1/embeddings/', { input: ['a', 'b'] }, 'embeddings'],
    ['/v1/responses', { input: [{ role: 'user', content: 'Hi' }] }, 'responses'],
    ['/V1/Responses', { input: 'Hi' }, 'responses'],
    ['/v1/completions', { prompt: 'a' }, 'completions'],
    ['/api/ask', { prompt: 'a' }, undefined],
    ['/api/ask', { input: 'a' }, undefined],
    ['/v1/embeddings', { text: 'a' }, undefined],
    ['/v1/chat/completions', { text: 'a', question: 'b' }, undefined],
    ['/v1/chat/completions', { messages: 'not a list' }, undefined],
    ['/v1/embeddings', { input: {} }, undefined],
    ['/v1/embeddings', Object.create({ input: 'a' }) as JsonObject, undefined],
    ['/', {}, undefined],
  ])('of %s %j is %s', (path, body, operation) => {
    expect(operationOf(path, body)).toBe(operation);
  });
});

describe('what is derived of a request', () => {
  const chat = 'POST http://h/v1/chat/completions?v=1';

  it('is the provider and the operation, with their names', () => {
    const request: AIRequest = { text: 'Hi', model: 'gpt-4o', options: { messages: MESSAGES } };
    expect(derive(request, chat, true)).toEqual({
      fields: { provider: 'openai', operation: 'chat' },
      names: 'provider operation',
    });
  });

  it('is not what somebody has said', () => {
    const request: AIRequest = { text: 'Hi', model: 'gpt-4o', provider: 'azure', options: { messages: MESSAGES } };
    expect(derive(request, chat, true)).toEqual({ fields: { operation: 'chat' }, names: 'operation' });
    expect(derive({ ...request, operation: 'qa' }, chat, true)).toEqual({ fields: {}, names: '' });
  });

  it('is the provider alone where the route describes requests itself', () => {
    const request: AIRequest = { text: 'Hi', model: 'gpt-4o', options: { messages: MESSAGES } };
    expect(derive(request, chat, false)).toEqual({ fields: { provider: 'openai' }, names: 'provider' });
  });

  it('follows from the path and neither from the host nor from the query', () => {
    const request: AIRequest = { text: 'Hi' };
    const providerAt = (target: string): string | undefined => derive(request, target, true).fields.provider;
    expect(providerAt('POST https://openai/ask?x=/anthropic/')).toBeUndefined();
    expect(providerAt('POST https://h/anthropic?x')).toBe('anthropic');
    expect(providerAt('POST https://h')).toBeUndefined();
  });

  it('never gives two bodies one key, not even where one says what is derived of the other', () => {
    const name = fc.constantFrom('provider', 'operation', 'model', 'text', 'messages', 'input', 'prompt');
    const value = fc.constantFrom<JsonObject[string]>(
      'openai',
      'chat',
      'embeddings',
      'gpt-4o',
      'claude-2',
      '',
      7,
      MESSAGES,
    );
    const body = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((all) => Object.fromEntries(all));
    const target = fc.constantFrom(chat, 'POST http://h/v1/embeddings', 'POST http://h/ask');
    fc.assert(
      fc.property(body, body, target, (a, b, to) => {
        const digests = [a, b].map((each) => keys.keyFor(requestOf(each, to)).digest);
        expect(digests[0] === digests[1]).toBe(isDeepStrictEqual(a, b));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is told apart from the same words in the body', () => {
    const said = requestOf({ messages: MESSAGES, model: 'gpt-4o', provider: 'openai', operation: 'chat' }, chat);
    const silent = requestOf({ messages: MESSAGES, model: 'gpt-4o' }, chat);
    expect(said).toMatchObject({ provider: silent.provider, operation: silent.operation });
    expect(keys.keyFor(said).digest).not.toBe(keys.keyFor(silent).digest);
  });
});
