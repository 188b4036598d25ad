import { Mistral } from '@mistralai/mistralai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { embeddingsFor, type EmbeddingsBody } from '../../examples/gateway/emulated-embeddings.ts';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import { oneByOne } from '../support/one-by-one.ts';
import { gatewaySite, type GatewaySite } from './gateway-site.ts';
import { scriptedUpstream, sendJson, type Received, type Script } from './scripted-upstream.ts';

const model = 'text-embedding-3-small';

const bodyOf = ({ body }: Received): EmbeddingsBody => JSON.parse(body.toString()) as EmbeddingsBody;

const embeds: Script = (res, _count, received) =>
  sendJson(res, 200, { id: 'embd', ...embeddingsFor(bodyOf(received)) }, { 'x-request-id': 'req_3' });

const openaiAt = ({ origins }: GatewaySite, apiKey = 'key'): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${origins.openai}/v1`, maxRetries: 0 });

/** A text's tokens, as the emulator counts them. */
const tokens = (...texts: string[]): number => texts.reduce((sum, one) => sum + Math.ceil(one.length / 4), 0);

async function start(script: Script = embeds, options: AIResponseCacheOptions = {}) {
  const upstream = await scriptedUpstream(script);
  const site = await gatewaySite(upstream.url, options);
  const direct = new OpenAI({ apiKey: 'key', baseURL: `${upstream.url}/v1`, maxRetries: 0 });
  return { upstream, site, direct, inputs: () => upstream.received.map((received) => bodyOf(received).input) };
}

describe('embeddings of several inputs', () => {
  it('are answered each by itself: the provider is asked once, for what nobody has asked before', async () => {
    const { site, inputs } = await start();
    const openai = openaiAt(site);
    const first = await openai.embeddings.create({ model, input: ['apple', 'a longer text', 'cherry'] }).withResponse();
    const second = await openai.embeddings.create({ model, input: ['cherry', 'date', 'apple'] }).withResponse();
    const third = await openai.embeddings.create({ model, input: ['date', 'a longer text'] }).withResponse();
    expect(inputs()).toEqual([['apple', 'a longer text', 'cherry'], ['date']]);
    expect([first, second, third].map(({ response }) => response.headers.get('cache-status'))).toEqual([
      'ai-cache; fwd=miss; detail="0 of 3 inputs"',
      'ai-cache; fwd=partial; detail="2 of 3 inputs"',
      'ai-cache; hit; detail="2 of 2 inputs"',
    ]);
    const [apple, longer, cherry] = first.data.data.map(({ embedding }) => embedding);
    const date = second.data.data[1]?.embedding;
    expect(second.data.data.map(({ embedding }) => embedding)).toEqual([cherry, date, apple]);
    expect(third.data.data.map(({ embedding }) => embedding)).toEqual([date, longer]);
    expect(second.data.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    const used = (...texts: string[]): object => ({ prompt_tokens: tokens(...texts), total_tokens: tokens(...texts) });
    expect([first, second, third].map(({ data }) => data.usage)).toEqual([
      used('apple', 'a longer text', 'cherry'),
      used('date'),
      used(),
    ]);
    expect(second.request_id).toBe('req_3');
    expect(site.errors).toEqual([]);
  });

  it('are the same as from the provider, in base64 and as numbers', async () => {
    const { site, direct } = await start();
    // Where nothing is said the SDK asks for base64 and decodes it.
    const formats = [{}, { encoding_format: 'float' }, { encoding_format: 'base64' }] as const;
    await oneByOne(formats.length, async (index) => {
      const body = { model, input: [`apple ${index}`, 'Äpfel 🙂', `last ${index}`], ...formats[index] };
      const expected = await direct.embeddings.create(body);
      const { usage: used, ...made } = await openaiAt(site).embeddings.create(body);
      const { usage, ...hit } = await openaiAt(site).embeddings.create(body);
      const { usage: _usage, ...facts } = expected;
      expect(made).toEqual(facts);
      expect(hit).toEqual(facts);
      expect(used.total_tokens).toBeGreaterThan(0);
      expect(usage.total_tokens).toBe(0);
    });
  });

  it('are made once where one batch has a text twice', async () => {
    const { site, inputs } = await start();
    const { data } = await openaiAt(site).embeddings.create({ model, input: ['a', 'b', 'a', 'a'] });
    expect(inputs()).toEqual([['a', 'b']]);
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(data[2]?.embedding).toEqual(data[0]?.embedding);
    expect(data[1]?.embedding).not.toEqual(data[0]?.embedding);
  });

  it('are made once where two batches that come at once have a text in common', async () => {
    const mayAnswer = Promise.withResolvers<void>();
    const { site, upstream, inputs } = await start(async (res, count, received) => {
      if (count === 1) await mayAnswer.promise;
      return embeds(res, count, received);
    });
    const first = openaiAt(site).embeddings.create({ model, input: ['a', 'b'] });
    const [one, two] = await Promise.all([
      first,
      upstream.came(1).then(async () => {
        const second = openaiAt(site).embeddings.create({ model, input: ['c', 'b'] });
        void upstream.came(2).then(mayAnswer.resolve);
        return second;
      }),
    ]);
    expect(inputs()).toEqual([['a', 'b'], ['c']]);
    expect(two.data[1]?.embedding).toEqual(one.data[1]?.embedding);
    expect(two.usage.total_tokens).toBe(tokens('c'));
  });

  it('are kept apart by model, dimensions and key', async () => {
    const { site, upstream } = await start();
    const input = ['apple'];
    const asked = [
      { model, input },
      { model: 'text-embedding-3-large', input },
      { model, input, dimensions: 8 },
    ];
    await oneByOne(6, async (index) => {
      await openaiAt(site).embeddings.create(asked[index % 3] as (typeof asked)[number]);
    });
    await openaiAt(site, 'other').embeddings.create({ model, input });
    expect(upstream.received).toHaveLength(4);
    expect(upstream.received.at(-1)?.headers.authorization).toBe('Bearer other');
  });

  it('work with the SDK of Mistral', async () => {
    const { site, inputs } = await start();
    const mistral = new Mistral({ apiKey: 'key', serverURL: site.origins.mistral });
    const first = await mistral.embeddings.create({ model: 'mistral-embed', inputs: ['a', 'b'] });
    const second = await mistral.embeddings.create({ model: 'mistral-embed', inputs: ['b', 'a'] });
    expect(second.data.map(({ embedding }) => embedding)).toEqual(
      first.data.map(({ embedding }) => embedding).toReversed(),
    );
    expect({ id: second.id, model: second.model }).toEqual({ id: first.id, model: first.model });
    expect(inputs()).toEqual([['a', 'b']]);
  });

  it('count as saved, input by input', async () => {
    const { site } = await start();
    await openaiAt(site).embeddings.create({ model, input: ['four', 'eightlet'] });
    await openaiAt(site).embeddings.create({ model, input: ['eightlet'] });
    await expect.poll(() => site.cache.stats()).toMatchObject({ hits: 1, misses: 2, saved: { inputTokens: 2 } });
  });
});

describe('embeddings that are no list of texts', () => {
  it.each([['a text'], [[1, 2, 3]], [[[1, 2], [3]]], [['a', '']]])('go to the provider whole: %j', async (input) => {
    const { site, inputs } = await start();
    const body = { model, input: input as string };
    const made = await openaiAt(site).embeddings.create(body).withResponse();
    const hit = await openaiAt(site).embeddings.create(body).withResponse();
    expect(made.response.headers.get('cache-status')).toBe('ai-cache; fwd=miss; stored');
    expect(hit.response.headers.get('cache-status')).toMatch(/^ai-cache; hit; ttl=/);
    expect(hit.data).toEqual(made.data);
    expect(inputs()).toEqual([input]);
  });
});

describe('embeddings that the provider does not make', () => {
  it.each([
    [401, { error: { message: 'Wrong key', code: 'invalid_api_key' } }],
    [429, { error: { message: 'Slow down', code: 'rate_limit_exceeded' } }],
    [500, { error: { message: 'Failed' } }],
    [200, { error: { message: 'Failed, but politely' } }],
    [200, { object: 'list', data: [], model }],
  ])('reach the client as they are, are not stored, and keep nobody from asking again: %i %j', async (status, body) => {
    const { site, upstream, direct } = await start((res, count, received) =>
      count > 6 || bodyOf(received).input[0] === 'known'
        ? embeds(res, count, received)
        : sendJson(res, status, body, { 'Retry-After': '9', 'x-request-id': 'req_4' }),
    );
    const openai = openaiAt(site);
    await openai.embeddings.create({ model, input: ['known'] });
    const seen = async (client: OpenAI): Promise<unknown> => {
      const response = await client.embeddings
        .create({ model, input: ['known', 'new'] })
        .asResponse()
        .catch((error: unknown) => error);
      if (!(response instanceof Response)) {
        const { status: code, error, headers, requestID } = response as InstanceType<typeof OpenAI.APIError>;
        return { code, error, requestID, retryAfter: headers?.get('retry-after') };
      }
      return { code: response.status, retryAfter: response.headers.get('retry-after'), body: await response.text() };
    };
    const expected = { code: status, retryAfter: '9' };
    await oneByOne(5, async () => expect(await seen(openai)).toMatchObject(expected));
    expect(upstream.received.map((received) => bodyOf(received).input).slice(1)).toEqual(
      Array.from({ length: 5 }, () => ['new']),
    );
    const { data } = await openai.embeddings.create({ model, input: ['known', 'new'] });
    expect(data).toEqual((await direct.embeddings.create({ model, input: ['known', 'new'] })).data);
  });

  it('are stale ones in place of a failure, where the cache may serve them, but never in place of a no', async () => {
    const answers = [
      embeds,
      ...[503, 401].map(
        (status): Script =>
          (res) =>
            sendJson(res, status, { error: {} }),
      ),
    ];
    const script: Script = (res, count, received) => answers[count - 1]?.(res, count, received);
    const { site } = await start(script, { staleIfErrorSeconds: 600 });
    const embed = async () => openaiAt(site).embeddings.create({ model, input: ['a', 'b'] });
    const made = await embed();
    await site.cache.expire({ provider: 'openai' });
    expect((await embed()).data).toEqual(made.data);
    await expect(embed()).rejects.toMatchObject({ status: 401 });
  });

  it('are not looked up where the cache only counts', async () => {
    const { site, upstream } = await start(embeds, { mode: 'shadow' });
    const embed = async () => openaiAt(site).embeddings.create({ model, input: ['a', 'b'] });
    expect(await embed()).toEqual(await embed());
    expect(upstream.received).toHaveLength(2);
    expect(site.cache.stats()).toMatchObject({ hits: 2, misses: 2 });
  });

  it('end at the provider when their client leaves', async () => {
    const { site, upstream } = await start(() => undefined);
    const controller = new AbortController();
    void upstream.came(1).then(() => controller.abort());
    const asked = openaiAt(site).embeddings.create({ model, input: ['a', 'b'] }, { signal: controller.signal });
    await expect(asked).rejects.toThrow('Request was aborted.');
    await upstream.left(1);
    expect(upstream.received).toHaveLength(1);
  });

  it('are a 502 where it cannot be reached', async () => {
    const { site } = await start((res) => res.destroy());
    await expect(openaiAt(site).embeddings.create({ model, input: ['a'] })).rejects.toMatchObject({
      status: 502,
      type: 'gateway_error',
    });
  });
});
