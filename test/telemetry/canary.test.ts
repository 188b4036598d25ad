import diagnostics from 'node:diagnostics_channel';
import type { Express, Request } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import type { AICacheError } from '../../src/errors.ts';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { aiCache } from '../../src/middleware.ts';
import { statsRouter } from '../../src/stats/index.ts';
import { ask, askInTurn, type Sent } from '../support/ask.ts';
import { serve } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startMetrics } from './metrics-probe.ts';
import { followAsyncWork, startSpans } from './span-probe.ts';

const CANARY = 'canarius';

let redis: RedisServer;

beforeAll(async () => {
  followAsyncWork();
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

/** The word wherever a caller can put one. */
function secret(path: string, more: Readonly<Record<string, unknown>> = {}): Sent {
  const messages = [{ role: 'user', content: [{ type: 'text', text: CANARY }] }];
  return {
    path: `${path}?q=${CANARY}&${CANARY}=1`,
    json: {
      provider: 'openai',
      model: 'gpt',
      text: CANARY,
      question: CANARY,
      options: { tone: CANARY },
      messages,
      ...more,
    },
    headers: {
      authorization: `Bearer ${CANARY}`,
      cookie: `sid=${CANARY}; ${CANARY}=1`,
      'x-api-key': CANARY,
      'x-tenant': CANARY,
      'user-agent': CANARY,
      'if-none-match': `"${CANARY}"`,
    },
  };
}

function fail(): never {
  throw new Error(CANARY);
}

/** Every way a request can go, by its path: routes whose functions read, return and throw the word. */
const routes: Readonly<Record<string, AIRouteOptions>> = {
  '/plain': {},
  '/scoped': { scope: (req) => String(req.headers['x-tenant']), tags: [CANARY] },
  '/described': {
    describe: (req: Request) => ({
      text: CANARY,
      question: CANARY,
      tenant: CANARY,
      options: { body: req.headers.authorization },
    }),
  },
  '/describe-failed': { describe: fail },
  '/description-refused': { describe: () => ({ text: CANARY, question: 7 }) as never },
  '/skip-failed': { skip: fail },
  '/scope-failed': { scope: fail },
  '/option-failed': { operation: fail },
  '/refresh-failed': { refresh: fail },
  '/should-store-failed': { shouldStore: fail },
  '/refreshed': { refresh: () => true },
};

function answer(req: Request, res: Express['response']): unknown {
  aiCacheContext(req)?.tag(CANARY);
  res.set('X-Echo', CANARY);
  if (req.path.startsWith('/refused')) return res.status(404).json({ answer: CANARY });
  if (req.path.startsWith('/failed')) throw Object.assign(new Error(CANARY), { name: CANARY });
  if (req.path.startsWith('/cookie')) return res.cookie('sid', CANARY).json({});
  return res.json({ answer: CANARY.repeat(500) });
}

describe.each(expressVersions)('a word in prompt, options, query, token, cookie and tenant on $name', ({ express }) => {
  it('appears in no span, metric, error, message of a channel, console line, Redis key or statistic', async () => {
    const { tracerProvider, spans } = startSpans();
    const { meterProvider, reader } = startMetrics();
    const printed = listenToOutput();
    const published = listenToChannels();
    const errors: AICacheError[] = [];
    const cache = new AIResponseCache({
      redis: redis.url,
      redisTimeoutMs: 1_000,
      cacheStatus: 'key',
      telemetry: { tracerProvider, meterProvider },
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => cache.close());
    const app = express().set('env', 'test');
    app.use('/cache', statsRouter(cache, { authorize: 'none' }));
    app.use(express.json());
    for (const [path, route] of Object.entries(routes)) app.post(path, aiCache({ cache, ...route }), answer);
    app.use(`/tenants/${CANARY}`, express.Router().post('/ask', aiCache({ cache }), answer));
    app.use(aiCache({ cache }), answer);
    const { port } = await serve(app);

    const paths = [...Object.keys(routes), `/tenants/${CANARY}/ask`, '/refused', '/failed', '/cookie'];
    await askInTurn(
      port,
      [...paths, ...paths].map((path) => secret(path)),
    );
    await Promise.all(Array.from({ length: 5 }, () => ask(port, secret('/plain', { n: 1 }))));
    await askInTurn(port, [secret('/plain', { id: 2 ** 60 }), { ...secret('/plain'), method: 'PUT' }]);
    await expect(cache.get({ text: CANARY, options: { [`${CANARY} of ${CANARY}`]: 2 ** 60 } })).rejects.toThrow();
    await expect(cache.set({ text: CANARY }, { headers: { a: `${CANARY}\n` }, body: CANARY })).rejects.toSatisfy(
      (error) => errors.push(error as AICacheError) > 0,
    );
    await expect(cache.getOrFill({ text: CANARY }, fail)).rejects.toThrow(CANARY);
    const keys = await redis.cli('keys', '*');
    await cache.invalidate({ tag: CANARY });
    await redis.cli('config', 'set', 'maxmemory', '1');
    await ask(port, secret('/plain', { n: 'full' }));
    await redis.cli('config', 'set', 'maxmemory', '0');
    await redis.kill();
    await askInTurn(port, [secret('/plain', { n: 'lost' }), secret('/plain', { n: 'gone' })]);
    await redis.start();

    const statistics = await askInTurn(
      port,
      ['stats', 'performance', 'info', 'health', 'openapi.json'].map((path) => ({ path: `/cache/${path}` })),
    );
    const seen = {
      spans: JSON.stringify(
        spans().map(({ name, attributes, events, links, status }) => [name, attributes, events, links, status]),
      ),
      metrics: JSON.stringify(await reader.metrics()),
      errors: errors.map(({ message, stack, help, option }) => [message, stack, help, option].join('\n')).join('\n'),
      printed: printed(),
      published: JSON.stringify(published),
      keys,
      statistics: statistics.map(({ text }) => text).join('\n'),
    };
    for (const [where, text] of Object.entries(seen))
      expect({ where, text }).toEqual({ where, text: text.replaceAll(CANARY, '') });

    // No log by default, whatever happens.
    expect(seen.printed).toBe('');

    // All of it was really looked at.
    expect(new Set(published.map(([channel]) => channel))).toEqual(
      new Set(
        ['outcome', 'fill', 'operation', 'eviction', 'invalidate', 'error'].map((name) => `express-ai-cache:${name}`),
      ),
    );
    expect(seen.spans).toContain('openai');
    expect(new Set(spans().map(({ name }) => name))).toEqual(
      new Set(['cache.get ai-cache', 'cache.fill ai-cache', 'cache.put ai-cache', 'cache.remove ai-cache']),
    );
    expect(seen.metrics).toContain('openai');
    expect(seen.statistics).toContain('openai');
    expect(keys.split('\n').length).toBeGreaterThan(4);
    expect(new Set(errors.map(({ code }) => code))).toEqual(
      new Set([
        'USER_FUNCTION_FAILED',
        'INVALID_REQUEST',
        'UNKEYABLE',
        'INVALID_RESPONSE',
        'REDIS_FAILED',
        'UNKNOWN_MODEL',
      ]),
    );
  });
});

/** Every message of every channel from now on, with the channel's name. */
function listenToChannels(): [channel: string, message: unknown][] {
  const published: [string, unknown][] = [];
  const hear = (message: unknown, channel: string | symbol): unknown => published.push([String(channel), message]);
  const names = ['outcome', 'fill', 'operation', 'eviction', 'invalidate', 'error'];
  for (const name of names) diagnostics.subscribe(`express-ai-cache:${name}`, hear);
  onTestFinished(() => {
    for (const name of names) diagnostics.unsubscribe(`express-ai-cache:${name}`, hear);
  });
  return published;
}

/** Everything this process prints from now on, by console or by itself. */
function listenToOutput(): () => string {
  const spies = [
    ...(['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((name) => vi.spyOn(console, name)),
    vi.spyOn(process.stdout, 'write'),
    vi.spyOn(process.stderr, 'write'),
    vi.spyOn(process, 'emitWarning'),
  ];
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  return () => spies.flatMap((spy) => spy.mock.calls.map((call) => call.map(String).join(' '))).join('\n');
}
