import { describe, expect, it } from 'vitest';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { cachedSite, HIT } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';
import { wireClient } from '../support/wire-client.ts';
import { DONE, event } from './streams/event-stream.ts';

/** 1 000 tokens in and 100 out of gpt-4o-mini, at 0.15 and 0.60 USD per million. */
const USD = 0.000_21;
const usage = { prompt_tokens: 1_000, completion_tokens: 100 };
const chat = (model: string) => ({
  object: 'chat.completion',
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage,
});
const asked = {
  path: '/v1/chat/completions',
  json: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] },
};
const KNOWN = { usd: expect.closeTo(USD, 9) as number, inputTokens: 1_000, outputTokens: 100, unknown: 0 };
const UNKNOWN = { usd: 0, inputTokens: 0, outputTokens: 0, unknown: 1 };

describe.each(expressVersions)('what an answer from the cache saves on $name', ({ express }) => {
  it('is the tokens, the money and the time of the call that made it, in all and by model', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res) => (clock.advance(1_500), res.json(chat('gpt-4o-mini-2024-07-18'))),
      {
        clock,
      },
    );
    const answers = await site.askInTurn(asked, asked, asked);
    expect(answers.map(({ cacheStatus }) => cacheStatus).slice(1)).toEqual(
      Array(2).fill(HIT.replace('86400', '69120')),
    );
    const saved = {
      usd: expect.closeTo(2 * USD, 9) as number,
      inputTokens: 2_000,
      outputTokens: 200,
      seconds: 3,
      unknown: 0,
    };
    const stats = site.cache.stats();
    expect(stats.saved).toEqual(saved);
    expect(stats.byModel).toMatchObject([{ provider: 'openai', model: 'gpt-4o-mini', hits: 2, misses: 1, saved }]);
    expect(site.cache.monitor.snapshot().savings).toEqual(saved);
    expect(site.errors).toEqual([]);
    expect(site.runs).toBe(1);
  });

  it.each<[string, object, AIRouteOptions, object, object]>([
    ['by the model that the answer names, where the request names none', { text: 'a' }, {}, chat('gpt-4o-mini'), KNOWN],
    [
      'by the model of the route, where the answer names none',
      { text: 'a' },
      { model: 'gpt-4o-mini' },
      { answer: 'Hi', usage },
      KNOWN,
    ],
    [
      'of embeddings, which have no output',
      { model: 'text-embedding-3-small', input: 'Hi' },
      {},
      { object: 'list', data: [{}], usage: { prompt_tokens: 1_000, total_tokens: 1_000 } },
      { usd: expect.closeTo(0.000_02, 9) as number, inputTokens: 1_000, outputTokens: 0, unknown: 0 },
    ],
    [
      'with the discount on input that the provider had in its own cache',
      { model: 'gpt-4o-mini', messages: [] },
      {},
      { ...chat('gpt-4o-mini'), usage: { ...usage, prompt_tokens_details: { cached_tokens: 1_000 } } },
      { ...KNOWN, usd: expect.closeTo(0.000_135, 9) as number },
    ],
    ['unknown, without usage', { model: 'gpt-4o-mini', messages: [] }, {}, { answer: 'Hi' }, UNKNOWN],
  ])('is counted %s', async (_how, json, route, answer, saved) => {
    const site = await cachedSite(express, (_req, res) => res.json(answer), { route });
    await site.askInTurn({ path: '/v1/embeddings', json }, { path: '/v1/embeddings', json });
    expect(site.cache.stats().saved).toMatchObject(saved);
    expect(site.errors).toEqual([]);
    expect(site.runs).toBe(1);
  });

  it('is that of the model that the answer names, where the request names an alias, whose tier nobody knows', async () => {
    const site = await cachedSite(express, (_req, res) => res.json(chat('gpt-4o-mini')));
    const sent = { json: { model: 'fast', messages: [] } };
    await site.askInTurn(sent, sent);
    expect(site.cache.stats().saved).toMatchObject(KNOWN);
    expect(site.errors).toMatchObject([{ code: 'UNKNOWN_MODEL', option: 'prices' }]);
    expect(site.runs).toBe(1);
  });

  it('is in tokens alone for a model that nobody knows, which is said once', async () => {
    const site = await cachedSite(express, (_req, res) => res.json(chat('llama-9')));
    const bodies = ['a', 'b'].map((content) => ({ json: { model: 'llama-9', messages: [{ content }] } }));
    await site.askInTurn(...bodies, ...bodies);
    expect(site.cache.stats().saved).toMatchObject({ usd: 0, inputTokens: 2_000, outputTokens: 200, unknown: 2 });
    expect(site.errors.map(({ code, message }) => [code, message.includes('"llama-9"')])).toEqual([
      ['UNKNOWN_MODEL', true],
    ]);
    expect(site.runs).toBe(2);
  });

  it('is what the user says a model costs', async () => {
    const site = await cachedSite(express, (_req, res) => res.json(chat('llama-9')), {
      cache: { prices: { 'llama-*': { inputUsdPerMillion: 10, outputUsdPerMillion: 100 } } },
    });
    const sent = { json: { model: 'llama-9', messages: [] } };
    await site.askInTurn(sent, sent);
    expect(site.cache.stats().saved).toMatchObject({ usd: expect.closeTo(0.02, 9) as number, unknown: 0 });
    expect(site.errors).toEqual([]);
    expect(site.runs).toBe(1);
  });

  it('is what the handler says the call used', async () => {
    const site = await cachedSite(
      express,
      (req, res) => {
        aiCacheContext(req)?.usage({ inputTokens: 1_000, outputTokens: 100 });
        res.send('Hi');
      },
      { route: { provider: 'openai', model: 'gpt-4o-mini' } },
    );
    await site.askInTurn({ json: { text: 'a' } }, { json: { text: 'a' } });
    expect(site.cache.stats().saved).toMatchObject(KNOWN);
    expect(site.runs).toBe(1);
  });

  it('counts for those who waited, who joined a stream, and who asked it again', async () => {
    const [mayBegin, mayEnd] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (_req, res) => {
        const { choices, ...rest } = chat('gpt-4o-mini');
        const chunk = { ...rest, object: 'chat.completion.chunk' };
        await mayBegin.opened;
        res
          .type('text/event-stream')
          .write(
            event({ ...chunk, usage: null, choices: [{ index: 0, delta: choices[0]?.message, finish_reason: null }] }),
          );
        await mayEnd.opened;
        res.write(event({ ...chunk, usage: null, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
        res.end(event({ ...chunk, choices: [] }) + DONE);
      },
      { route: { model: 'gpt-4o-mini' } },
    );
    const leader = await wireClient(site.port);
    mayBegin.open();
    await leader.until(({ text }) => text.includes('Hi'));
    const joined = [await wireClient(site.port), await wireClient(site.port)];
    await Promise.all(joined.map((client) => client.until(({ text }) => text.includes('Hi'))));
    mayEnd.open();
    const ended = await Promise.all([leader, ...joined].map((client) => client.ended()));
    expect(ended.map(({ end }) => end)).toEqual(['whole', 'whole', 'whole']);
    await expect.poll(() => site.cache.stats()).toMatchObject({ misses: 1, coalesced: 2 });
    expect(site.cache.stats().saved).toMatchObject({ inputTokens: 2_000, outputTokens: 200, unknown: 0 });
    expect(site.cache.stats().saved.usd).toBeCloseTo(2 * USD, 9);
    expect(site.cache.stats().saved.seconds).toBeGreaterThan(0);
    await site.ask();
    expect(site.cache.stats()).toMatchObject({ hits: 1, saved: { inputTokens: 3_000, outputTokens: 300, unknown: 0 } });
    expect(site.runs).toBe(1);
  });

  it('is unknown for who joined a stream and left before its end', async () => {
    const mayEnd = gate();
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('text/event-stream').write(event({ token: 'Hi' }));
        await mayEnd.opened;
        res.end(event({ usage }) + DONE);
      },
      { route: { model: 'gpt-4o-mini' } },
    );
    const leader = await wireClient(site.port);
    await leader.until(({ text }) => text.includes('Hi'));
    const joined = await wireClient(site.port);
    await joined.until(({ text }) => text.includes('Hi'));
    joined.leave();
    await expect.poll(() => site.cache.stats().coalesced).toBe(1);
    expect(site.cache.stats().saved).toMatchObject(UNKNOWN);
    mayEnd.open();
    await leader.ended();
    await site.ask();
    expect(site.cache.stats().saved).toMatchObject({ ...KNOWN, unknown: 1 });
    expect(site.runs).toBe(1);
  });
});
