import type { Express, Request, RequestHandler, Response } from 'express';
import type express from 'express';
import { onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { Clock } from '../../src/clock.ts';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import type { AICacheError } from '../../src/errors.ts';
import { aiCache } from '../../src/middleware.ts';
import { ask, askInTurn, type Answer, type Sent } from './ask.ts';
import { countedHandler } from './counted-handler.ts';
import { listen, type Listening } from './http.ts';

export interface SiteOptions {
  readonly cache?: AIResponseCacheOptions;
  readonly route?: AIRouteOptions;
  readonly clock?: Clock;
  /** In front of the body parser. Default none. */
  readonly outer?: readonly RequestHandler[];
  /** Default `express.json()`; false: none. */
  readonly parser?: RequestHandler | false;
  /** Between the cache and the handler. Default none. */
  readonly inner?: readonly RequestHandler[];
  /** For what comes behind the handler: error middleware. */
  readonly behind?: (app: Express) => void;
  /** The test makes the cache itself fail. */
  readonly faulty?: true;
}

/** An app that answers every path through one cache, on a port of its own until the test is over. */
export interface CachedSite extends Listening {
  readonly app: Express;
  readonly cache: AIResponseCache;
  /** How often the handler ran. */
  readonly runs: number;
  /** What `onError` was told. */
  readonly errors: readonly AICacheError[];
  ask(sent?: Sent): Promise<Answer>;
  /** One request after the other has been answered. */
  askInTurn(...sent: Sent[]): Promise<Answer[]>;
}

/** The handler gets the number of its run, from 1. A fault of the cache itself fails the test, whatever else it expects. */
export async function cachedSite(
  makeApp: typeof express,
  answer: (req: Request, res: Response, run: number) => unknown,
  options: SiteOptions = {},
): Promise<CachedSite> {
  const errors: AICacheError[] = [];
  const onError = (error: AICacheError): void => void errors.push(error);
  // On a machine that is busy Redis may need longer than a request would wait for it.
  const patience = options.cache?.redis === undefined ? {} : { redisTimeoutMs: 5_000 };
  // Lifetimes that a test can name: jitter has tests of its own.
  const ttl = { jitter: 0, ...options.cache?.ttl };
  const cache = new AIResponseCache({ telemetry: false, onError, ...patience, ...options.cache, ttl }, options.clock);
  const handler = countedHandler(answer);
  const app = makeApp();
  for (const middleware of options.outer ?? []) app.use(middleware);
  if (options.parser !== false) app.use(options.parser ?? makeApp.json({ limit: '20mb' }));
  app.use(aiCache({ cache, ...options.route }));
  for (const middleware of options.inner ?? []) app.use(middleware);
  app.use(handler.handler);
  options.behind?.(app);
  const listening = await serve(app);
  onTestFinished(async () => {
    await cache.close();
    const faults = errors.filter(({ code }) => code === 'INTERNAL');
    if (faults.length > 0 && options.faulty === undefined) throw new AggregateError(faults, 'the cache failed');
  });
  return {
    ...listening,
    app,
    cache,
    errors,
    get runs() {
      return handler.runs;
    },
    ask: (sent) => ask(listening.port, sent),
    askInTurn: (...sent) => askInTurn(listening.port, sent),
  };
}

/** Serves an app until the test is over. */
export async function serve(app: Express): Promise<Listening> {
  const listening = await listen(app);
  onTestFinished(() => listening.close());
  return listening;
}

/** The Cache-Status of an entry just stored with the default lifetime, served from memory. */
export const HIT = 'ai-cache; hit; ttl=86400; detail=memory';

/** The Cache-Status of a handler's answer that was accepted for storing. */
export const STORED = 'ai-cache; fwd=miss; stored';
