import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { oneByOne } from '../support/one-by-one.ts';
import { gatewaySite } from './gateway-site.ts';
import { scriptedUpstream, sendJson, type Script } from './scripted-upstream.ts';

interface ErrorCase {
  readonly title: string;
  readonly path: '/openai/v1/chat/completions' | '/openai/v1/responses' | '/anthropic/v1/messages';
  readonly isStream?: true;
  answer(res: ServerResponse): unknown;
}

const CHAT = '/openai/v1/chat/completions';
const RESPONSES = '/openai/v1/responses';
const MESSAGES = '/anthropic/v1/messages';

const openaiError = (message: string, type: string, code: string | null): object => ({
  error: { message, type, param: null, code },
});
const anthropicError = (type: string, message: string): object => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_011',
});
const completion = (message: object, finish: string): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: finish }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
});
const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

function startStream(res: ServerResponse): ServerResponse {
  return res.writeHead(200, 'OK', { 'Content-Type': 'text/event-stream; charset=utf-8', 'x-request-id': 'req_5' });
}

const cases: readonly ErrorCase[] = [
  {
    title: '401 for a wrong key',
    path: CHAT,
    answer: (res) =>
      sendJson(res, 401, openaiError('Incorrect API key provided: sk-…', 'invalid_request_error', 'invalid_api_key'), {
        'WWW-Authenticate': 'Bearer realm="OpenAI API"',
        'x-request-id': 'req_1',
      }),
  },
  {
    title: '404 for a model that does not exist',
    path: CHAT,
    answer: (res) =>
      sendJson(res, 404, openaiError('The model `gpt-9` does not exist', 'invalid_request_error', 'model_not_found')),
  },
  {
    title: '400 of the moderation',
    path: CHAT,
    answer: (res) =>
      sendJson(res, 400, openaiError('Your request was rejected', 'invalid_request_error', 'content_policy_violation')),
  },
  {
    title: '429 with Retry-After',
    path: CHAT,
    answer: (res) =>
      sendJson(res, 429, openaiError('Rate limit reached', 'requests', 'rate_limit_exceeded'), {
        'Retry-After': '20',
        'retry-after-ms': '20000',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '20s',
      }),
  },
  {
    title: '500',
    path: RESPONSES,
    answer: (res) => sendJson(res, 500, openaiError('The server had an error', 'server_error', null)),
  },
  {
    title: '503 that is no JSON',
    path: CHAT,
    answer: (res) =>
      res.writeHead(503, 'Busy just now', { 'Content-Type': 'text/html', Server: 'cloudflare' }).end('<h1>busy</h1>\n'),
  },
  {
    title: '500 in gzip',
    path: CHAT,
    answer: (res) =>
      res
        .writeHead(500, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
        .end(gzipSync('{"error":{"message":"zipped"}}')),
  },
  {
    title: '529 for an overloaded model',
    path: MESSAGES,
    answer: (res) => sendJson(res, 529, anthropicError('overloaded_error', 'Overloaded'), { 'x-should-retry': 'true' }),
  },
  {
    title: '200 with an error in its body',
    path: CHAT,
    answer: (res) => sendJson(res, 200, openaiError('Provider returned error', 'server_error', '502')),
  },
  {
    title: '200 with a response that failed',
    path: RESPONSES,
    answer: (res) =>
      sendJson(res, 200, {
        id: 'resp_1',
        object: 'response',
        status: 'failed',
        error: { code: 'server_error', message: 'The model failed' },
        output: [],
        usage: null,
      }),
  },
  {
    title: '200 with an error as vLLM and older servers of Mistral have it',
    path: CHAT,
    answer: (res) =>
      sendJson(res, 200, {
        object: 'error',
        message: 'The model is not loaded',
        type: 'invalid_request_error',
        code: 3,
      }),
  },
  {
    title: '200 with JSON that is none',
    path: CHAT,
    answer: (res) => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{malformed json: <<<chaos>>>'),
  },
  {
    title: '200 with JSON that is cut where the connection ends',
    path: MESSAGES,
    answer: (res) => {
      res.useChunkedEncodingByDefault = false;
      res.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' });
      res.end('{"type":"message","role":"assistant","content":[{"type":"text","text":"Once upon');
    },
  },
  {
    title: '200 with nothing',
    path: RESPONSES,
    answer: (res) => res.writeHead(200, { 'Content-Type': 'application/json' }).end(),
  },
  {
    title: '200 that the content filter cut',
    path: CHAT,
    answer: (res) => sendJson(res, 200, completion({ content: 'I' }, 'content_filter')),
  },
  {
    title: '200 with a refusal',
    path: CHAT,
    answer: (res) => sendJson(res, 200, completion({ content: null, refusal: 'I cannot help with that.' }, 'stop')),
  },
  {
    title: '200 with a refusal of Anthropic',
    path: MESSAGES,
    answer: (res) =>
      sendJson(res, 200, {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-5-5',
        content: [],
        stop_reason: 'refusal',
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 0 },
      }),
  },
  {
    title: 'a stream that breaks',
    path: CHAT,
    isStream: true,
    answer: (res) => {
      startStream(res).write(chunk({ role: 'assistant', content: 'Once' }, null));
      res.write(chunk({ content: ' upon' }, null), () => res.destroy());
    },
  },
  {
    title: 'a stream that ends too early',
    path: CHAT,
    isStream: true,
    answer: (res) => startStream(res).end(chunk({ role: 'assistant', content: 'Once' }, null)),
  },
  {
    title: 'a stream with an error in it',
    path: MESSAGES,
    isStream: true,
    answer: (res) => {
      const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', content: [] };
      startStream(res).write(event('message_start', { message: { ...message, usage: { input_tokens: 1 } } }));
      res.end(event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }));
    },
  },
  {
    title: 'a stream with an error in it as vLLM and older servers of Mistral have it',
    path: CHAT,
    isStream: true,
    answer: (res) => {
      startStream(res).write(chunk({ role: 'assistant', content: 'Once' }, null));
      res.end(
        'data: {"object":"error","message":"Out of memory","type":"InternalServerError","code":500}\n\ndata: [DONE]\n\n',
      );
    },
  },
  {
    title: 'a stream that the content filter cuts',
    path: CHAT,
    isStream: true,
    answer: (res) => startStream(res).end(`${chunk({ content: 'I' }, 'content_filter')}data: [DONE]\n\n`),
  },
  {
    title: 'a connection that closes without an answer in the middle of one',
    path: CHAT,
    isStream: true,
    answer: (res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': '1000' });
      res.write('data: {}\n\n', () => res.destroy());
    },
  },
];

/** Everything a client sees of an answer. */
interface Seen {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBroken: boolean;
}

/** How the body is framed and coded on one connection, the moment, and what the cache adds. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  'cache-status',
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

async function see(url: string, isStream: boolean): Promise<Seen> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer key', 'Accept-Encoding': 'identity' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], stream: isStream }),
  });
  const { status, statusText } = response;
  const headers = [...response.headers].filter(([name]) => !NOT_COMPARED.has(name));
  const chunks: Uint8Array[] = [];
  let isBroken = false;
  try {
    for await (const part of response.body ?? []) chunks.push(part);
  } catch {
    isBroken = true;
  }
  const body = Buffer.concat(chunks).toString('latin1');
  return { status, statusText, headers: Object.fromEntries(headers), body, isBroken };
}

describe('what the provider says instead of an answer', () => {
  it.each(cases)('reaches the client as it is, and is not stored: $title', async ({ path, isStream, answer }) => {
    const upstream = await scriptedUpstream(answer);
    const { url, cache, errors } = await gatewaySite(upstream.url);
    const direct = await see(upstream.url + path.replace(/^\/\w+/, ''), isStream === true);
    const seen: Seen[] = [];
    await oneByOne(2, async () => void seen.push(await see(url + path, isStream === true)));
    expect(seen).toEqual([direct, direct]);
    expect(upstream.received).toHaveLength(3);
    expect((await cache.info()).tiers.memory).toMatchObject({ entries: 0 });
    expect(errors).toEqual([]);
  });
});

/** What an error of an SDK says to a program. */
async function errorOf(call: () => Promise<unknown>): Promise<object> {
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OpenAI.APIError) {
    const { status, code, param, type, message, requestID, headers } = error;
    const [name, retryAfter] = [error.constructor.name, headers?.get('retry-after')];
    return { name, status, code, param, type, message, requestID, retryAfter, body: error.error };
  }
  if (error instanceof Anthropic.APIError) {
    const { status, message, requestID, type, headers } = error;
    const [name, retryAfter] = [error.constructor.name, (headers as Headers | undefined)?.get('retry-after')];
    return { name, status, message, requestID, type, retryAfter, body: error.error as unknown };
  }
  return { error };
}

describe('the error of an SDK', () => {
  const statuses = [400, 401, 403, 404, 409, 422, 429, 500, 503, 529];

  it('is the same through the gateway as at the provider, for every status, with its request id and Retry-After', async () => {
    const script: Script = (res, _count, { headers, path }) => {
      const status = Number(headers['x-client-request-id']);
      const body = path.endsWith('/messages')
        ? anthropicError('some_error', `said with ${status}`)
        : openaiError(`said with ${status}`, 'some_error', 'a_code');
      sendJson(res, status, body, { 'Retry-After': '7', 'x-request-id': 'req_7', 'request-id': 'req_8' });
    };
    const upstream = await scriptedUpstream(script);
    const { url } = await gatewaySite(upstream.url);
    const errorsAt = async (openaiUrl: string, anthropicUrl: string): Promise<object[]> => {
      const openai = new OpenAI({ apiKey: 'key', baseURL: `${openaiUrl}/v1`, maxRetries: 0 });
      const anthropic = new Anthropic({ apiKey: 'key', baseURL: anthropicUrl, maxRetries: 0 });
      const messages = [{ role: 'user' as const, content: 'Hello' }];
      return Promise.all(
        statuses.flatMap((status) => {
          const headers = { 'x-client-request-id': String(status) };
          return [
            errorOf(() => openai.chat.completions.create({ model: `m${status}`, messages }, { headers })),
            errorOf(() => anthropic.messages.create({ model: `m${status}`, max_tokens: 9, messages }, { headers })),
          ];
        }),
      );
    };
    const direct = await errorsAt(upstream.url, upstream.url);
    expect(await errorsAt(`${url}/openai`, `${url}/anthropic`)).toEqual(direct);
    expect(direct).toMatchObject(
      statuses.flatMap((status) => [
        { status, retryAfter: '7' },
        { status, retryAfter: '7' },
      ]),
    );
    expect(upstream.received).toHaveLength(statuses.length * 4);
  });
});
