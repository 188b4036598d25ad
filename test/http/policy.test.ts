import { describe, expect, it } from 'vitest';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import { EXAMPLE_OPERATION_SECONDS } from '../../src/policy/ttl.ts';
import { cachedSite, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';

const secondsLeft = (cacheStatus: string | undefined): number => Number(/ttl=(\d+)/.exec(cacheStatus ?? '')?.[1]);

interface Case {
  readonly ttl?: AIResponseCacheOptions['ttl'];
  readonly route?: AIRouteOptions;
  readonly body?: object;
}

const operations = EXAMPLE_OPERATION_SECONDS;

const lifetimes: readonly [what: string, seconds: number, where: Case][] = [
  ['nothing', 86_400, {}],
  ['an operation of the body', 7_200, { ttl: { operations }, body: { operation: 'summarize' } }],
  ['an operation of the route', 1_800, { ttl: { operations }, route: { operation: 'qa' } }],
  ['an operation that follows from the body', 60, { ttl: { operations: { chat: 60 } }, body: { messages: [] } }],
  ['a content type', 604_800, { route: { contentType: 'static' } }],
  ['a content type by a function', 43_200, { route: { contentType: () => 'critical' } }],
  [
    'an operation before a content type',
    3_600,
    { ttl: { operations }, route: { operation: 'questions', contentType: 'static' } },
  ],
  ['a content type in a body, which nobody believes', 86_400, { body: { contentType: 'static', confidence: 1.5 } }],
  ['a model of a dear family', 172_800, { body: { model: 'claude-opus-4-1' } }],
  ['a model of a cheap family', 69_120, { route: { model: 'gpt-4o-mini' } }],
  ['a model by its price', 86_400, { body: { model: 'o3-mini' } }],
  ['a model that nobody knows', 86_400, { body: { model: 'of-my-own' } }],
  [
    'a model by the table of the user',
    864,
    { ttl: { costTiers: { low: 0.01, 'of-my-*': 'low' } }, body: { model: 'of-my-own' } },
  ],
  ['confidence', 43_200, { route: { confidence: 0.5 } }],
  [
    'everything at once',
    16_200,
    { ttl: { operations }, route: { operation: 'summarize', model: 'gpt-4o', confidence: 1.5 } },
  ],
  [
    'ttl.models, exactly',
    77,
    { ttl: { models: { 'gpt-4*': 77 }, jitter: 0.5 }, route: { model: 'gpt-4o', confidence: 1.5 } },
  ],
  ['ttl.maxSeconds', 100, { ttl: { maxSeconds: 100 }, route: { contentType: 'static' } }],
  [
    'ttlSeconds of the route before ttl.models',
    55,
    { ttl: { models: { 'gpt-4*': 77 } }, route: { model: 'gpt-4o', ttlSeconds: 55 } },
  ],
];

describe.each(expressVersions)('the policy on $name', ({ express }) => {
  const open = ({ ttl, route }: Case, options: SiteOptions = {}) =>
    cachedSite(express, (_req, res, run) => res.json({ run }), {
      ...options,
      clock: options.clock ?? manualClock(),
      cache: { ...(ttl === undefined ? {} : { ttl }), ...options.cache },
      ...(route === undefined ? {} : { route }),
    });

  it.each(lifetimes)('%s makes an answer live %i s, as explain says', async (_what, seconds, where) => {
    const clock = manualClock();
    const site = await open({ ...where, ttl: { jitter: 0, ...where.ttl } }, { clock });
    const sent = { json: { text: 'a', ...where.body } };
    await site.ask(sent);
    clock.advance(seconds * 1000 - 1);
    const last = await site.ask(sent);
    clock.advance(1);
    const after = await site.ask(sent);
    expect([last.text, after.text]).toEqual(['{"run":1}', '{"run":2}']);
    expect(site.runs).toBe(2);
  });

  it('spreads what was made together, by a tenth to either side', async () => {
    const site = await open({ ttl: { defaultSeconds: 1_000, jitter: 0.1 } });
    const bodies = Array.from({ length: 40 }, (_, index) => ({ json: { text: `text ${index}` } }));
    await site.askInTurn(...bodies);
    const left = (await site.askInTurn(...bodies)).map(({ cacheStatus }) => secondsLeft(cacheStatus));
    expect(Math.min(...left)).toBeGreaterThanOrEqual(900);
    expect(Math.max(...left)).toBeLessThanOrEqual(1_100);
    expect(new Set(left).size).toBeGreaterThan(20);
    expect(Math.max(...left) - Math.min(...left)).toBeGreaterThan(100);
    expect(site.runs).toBe(40);
  });

  it('leaves exact what the route says', async () => {
    const site = await open({ ttl: { jitter: 0.5 }, route: { ttlSeconds: 600 } });
    const bodies = Array.from({ length: 10 }, (_, index) => ({ json: { text: `text ${index}` } }));
    await site.askInTurn(...bodies);
    const left = (await site.askInTurn(...bodies)).map(({ cacheStatus }) => secondsLeft(cacheStatus));
    expect(new Set(left)).toEqual(new Set([600]));
    expect(site.runs).toBe(10);
  });

  it('is explained by every factor for the request as the middleware sees it', async () => {
    const seen: unknown[] = [];
    const site = await cachedSite(
      express,
      (req, res) => {
        seen.push(site.cache.explain(site.cache.requestFor(req)));
        res.json({});
      },
      { cache: { ttl: { operations } }, route: { operation: 'qa', model: () => 'gpt-4o', confidence: 0.5 } },
    );
    await site.ask({ json: { text: 'a' } });
    expect(seen).toEqual([
      { ttlSeconds: 1_350, base: 1_800, tier: 'high', multiplier: 1.5, confidence: 0.5, source: 'operation' },
    ]);
    expect(() => site.cache.explain({ text: 7 } as never)).toThrow('"text"');
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('what the middleware understands of a request on $name', ({ express }) => {
  const messages = [{ role: 'user', content: 'Hi' }];

  it.each<[string, string, object, object]>([
    [
      'an OpenAI chat',
      '/v1/chat/completions',
      { model: 'gpt-4o', messages },
      { provider: 'openai', model: 'gpt-4o', operation: 'chat' },
    ],
    [
      'an OpenAI response',
      '/v1/responses',
      { model: 'o3', input: 'Hi' },
      { provider: 'openai', model: 'o3', operation: 'responses' },
    ],
    [
      'an OpenAI embedding',
      '/v1/embeddings',
      { model: 'text-embedding-3-small', input: ['Hi'] },
      { provider: 'openai', operation: 'embeddings', text: 'Hi' },
    ],
    [
      'an Anthropic message',
      '/v1/messages',
      { model: 'claude-sonnet-4-5', messages, system: 'Be brief.' },
      { provider: 'anthropic', operation: 'chat', text: 'Be brief.\nHi' },
    ],
    [
      'an Anthropic message to an alias',
      '/v1/messages',
      { model: 'best', messages },
      { provider: 'anthropic', model: 'best', operation: 'chat' },
    ],
    [
      'Mistral',
      '/v1/chat/completions',
      { model: 'mistral-large-latest', messages },
      { provider: 'mistral', operation: 'chat' },
    ],
    [
      'DeepSeek',
      '/chat/completions',
      { model: 'deepseek-chat', messages },
      { provider: 'deepseek', operation: 'chat' },
    ],
    [
      'a compatible route',
      '/llm/v1/chat/completions',
      { model: 'llama-3.3-70b', messages },
      { model: 'llama-3.3-70b', operation: 'chat', text: 'Hi' },
    ],
    [
      'the plain form',
      '/api/ask',
      { text: 'T', operation: 'qa', question: 'Q', options: { a: 1 } },
      { text: 'T', operation: 'qa', question: 'Q', options: { options: { a: 1 } } },
    ],
    [
      'the plain form with a provider',
      '/api/ask',
      { text: 'T', provider: 'azure', model: 'gpt-4o' },
      { provider: 'azure', model: 'gpt-4o' },
    ],
  ])('%s', async (_what, path, body, expected) => {
    const site = await cachedSite(express, (req, res) => res.json(site.cache.requestFor(req)));
    const answer = await site.ask({ path, json: body });
    const request = JSON.parse(answer.text) as Record<string, unknown>;
    expect(request).toMatchObject(expected);
    for (const name of ['provider', 'operation']) {
      expect([name, request[name]]).toEqual([name, (expected as Record<string, unknown>)[name]]);
    }
    expect(site.runs).toBe(1);
  });

  it('keeps answers apart by provider, model and stream flag, for the same prompt', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const body = { model: 'gpt-4o', messages };
    const bodies = [
      body,
      { ...body, model: 'gpt-4o-mini' },
      { ...body, provider: 'openai' },
      { ...body, provider: 'azure' },
      { ...body, stream: true },
      { ...body, stream: false },
      { ...body, operation: 'chat' },
    ].map((json) => ({ path: '/v1/chat/completions', json }));
    const answers = await site.askInTurn(...bodies, ...bodies);
    expect(answers.map(({ text }) => text)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7].map((run) => `{"run":${run}}`),
    );
    expect(site.runs).toBe(7);
  });

  it('takes the model that the route resolves an alias to, for the key, the provider and the tier', async () => {
    let newest = 'claude-sonnet-4-5';
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { model: (req) => ((req.body as { model: string }).model === 'best' ? newest : undefined) },
    });
    const sent = { json: { text: 'a', model: 'best' } };
    const [first, hit] = await site.askInTurn(sent, sent);
    newest = 'claude-opus-4-5';
    const other = await site.ask(sent);
    expect([first?.text, hit?.text, other.text]).toEqual(['{"run":1}', '{"run":1}', '{"run":2}']);
    expect(site.cache.stats().byModel.map(({ provider, model, hits }) => [provider, model, hits])).toEqual([
      ['anthropic', 'claude-opus-4-5', 0],
      ['anthropic', 'claude-sonnet-4-5', 1],
    ]);
    expect(secondsLeft((await site.ask(sent)).cacheStatus)).toBeGreaterThan(172_000);
    expect(site.runs).toBe(2);
  });
});
