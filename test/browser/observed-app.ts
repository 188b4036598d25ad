import express, { type RequestHandler } from 'express';
import { onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { Clock } from '../../src/clock.ts';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import { aiCache } from '../../src/middleware.ts';
import { statsRouter, type Authorize } from '../../src/stats/index.ts';
import { ask, askInTurn, type Answer, type Sent } from '../support/ask.ts';
import { listen, type Listening } from '../support/http.ts';

export interface ObservedAppOptions {
  readonly cache?: AIResponseCacheOptions;
  readonly authorize?: Authorize | 'none';
  readonly clock?: Clock;
  /** Default: the provider is openai. */
  readonly route?: AIRouteOptions;
  /** In front of the cache. */
  readonly outer?: RequestHandler;
  /** Called by the handler before it answers. */
  readonly beforeAnswer?: () => void;
  /** Default `/ops/cache`. */
  readonly mount?: string;
}

/** An app that answers `POST /ask` as a model would, with its dashboard. */
export interface ObservedApp extends Listening {
  readonly cache: AIResponseCache;
  /** Of the dashboard, with a slash at the end. */
  readonly dashboard: string;
  /** How often the handler ran. */
  readonly runs: number;
  ask(text: string, model?: string): Promise<Answer>;
  /** One request after the other has been answered. */
  askInTurn(...texts: string[]): Promise<Answer[]>;
}

/** What a call costs: 1 000 tokens in for a dollar, 100 out for another. */
const PRICES = { '*': { inputUsdPerMillion: 1_000, outputUsdPerMillion: 10_000 } };
const USAGE = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };

/** The client takes the stored coding, as most do. */
const sent = (text: string, model = 'gpt-test'): Sent => ({
  path: '/ask',
  headers: { 'accept-encoding': 'br' },
  json: { text, model },
});

/** A text that begins with `fail` is answered with 502. */
export async function observedApp(options: ObservedAppOptions = {}): Promise<ObservedApp> {
  const { authorize = 'none', mount = '/ops/cache', route = { provider: 'openai' } } = options;
  const cache = new AIResponseCache({ telemetry: false, prices: PRICES, ...options.cache }, options.clock);
  let runs = 0;
  const app = express();
  app.use(mount, statsRouter(cache, { authorize }));
  if (options.outer !== undefined) app.use(options.outer);
  app.all('/ask', express.json(), aiCache({ cache, ...route }), (req, res) => {
    runs += 1;
    options.beforeAnswer?.();
    const { model, text } = req.body as { model: string; text: string };
    if (text.startsWith('fail')) {
      res.status(502).json({ error: 'upstream' });
      return;
    }
    const message = { role: 'assistant', content: `An answer to ${text}. `.repeat(200) };
    res.json({ id: `run-${runs}`, model, choices: [{ index: 0, finish_reason: 'stop', message }], usage: USAGE });
  });
  const listening = await listen(app);
  onTestFinished(async () => {
    await listening.close();
    await cache.close();
  });
  return {
    ...listening,
    cache,
    dashboard: `${listening.url}${mount === '/' ? '' : mount}/`,
    get runs() {
      return runs;
    },
    ask: (text, model) => ask(listening.port, sent(text, model)),
    askInTurn: (...texts) =>
      askInTurn(
        listening.port,
        texts.map((text) => sent(text)),
      ),
  };
}
