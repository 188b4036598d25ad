import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type express from 'express';
import { expect, onTestFinished } from 'vitest';
import { aiCache, AIResponseCache, type AICacheError } from '../../../src/index.ts';
import { serve } from '../../support/cached-site.ts';
import { rawRequest } from '../../support/http.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { wireAnswers } from '../../support/wire-answer.ts';
import { wireRequest, type WireRequest } from '../../support/wire-client.ts';
import { compare, saidOf, type Exchange } from './compare.ts';
import type { Row, See } from './row.ts';

type Connections = readonly (readonly WireRequest[])[];

const SAME: Connections = [[{}], [{}]];

/** Asks the row's app without the cache and with it, and compares every byte, and everything the app saw. */
export async function runRow(make: typeof express, row: Row): Promise<void> {
  const { connections = SAME, says = ['fwd=miss; stored', 'hit'], runs = 1, differs = [] } = row;
  const errors: AICacheError[] = [];
  const cache = new AIResponseCache({ telemetry: false, ttl: { jitter: 0 }, onError: (error) => errors.push(error) });
  onTestFinished(() => cache.close());
  const plain = new Side(make, row, (_req, _res, next) => next());
  const cached = new Side(make, row, aiCache({ cache, ...row.route }));
  const [expected, got] = [await plain.ask(connections), await cached.ask(connections, () => settled(cache, cached))];

  const said = got.flatMap(({ answers }) => answers.filter(({ status }) => status >= 200).map(saidOf));
  expect(said).toEqual(says);
  const found = new Set(got.flatMap((exchange, index) => compare(differs, expected[index] as Exchange, exchange)));
  // A difference that there is not would hide one to come.
  expect(differs.filter((name) => !found.has(name))).toEqual([]);
  expect(cached.runs).toBe(runs);
  expect(errors).toEqual([]);
}

/** Resolves when the cache has counted every request that came to it, so that what they left behind is stored. */
async function settled(cache: AIResponseCache, side: Side): Promise<void> {
  const counted = (): number => {
    const { hits, misses, stale, coalesced, bypassed, errors } = cache.stats();
    return hits + misses + stale + coalesced + bypassed + errors;
  };
  await expect.poll(counted, { timeout: 10_000, interval: 1 }).toBe(side.reached);
}

/** The row's app, with the cache or with nothing in its place. */
class Side {
  /** How often the handler ran. */
  runs = 0;
  /** How many requests came to where the cache is. */
  reached = 0;
  readonly #row: Row;
  readonly #port: Promise<number>;
  #events: unknown[][] = [];
  #notes: unknown[] = [];
  #inside: unknown[] = [];
  #closings: Promise<void>[] = [];

  constructor(make: typeof express, row: Row, cache: RequestHandler) {
    this.#row = row;
    const app = make().set('env', 'test');
    app.use((_req, res, next) => {
      const events: unknown[] = [];
      this.#events.push(events);
      this.#closings.push(closed(res, (event, state) => events.push(event, state)));
      next();
    });
    const known = new WeakSet<object>();
    const counted: RequestHandler = (req, res, next) => {
      if (!known.has(req)) this.reached += 1;
      known.add(req);
      cache(req, res, next);
    };
    const mount = row.mount ?? (() => app.use(counted, this.#handle));
    const note: See = (...values) => void this.#notes.push(...values);
    mount({ app, make, cache: counted, handler: this.#handle, note, see: this.#see });
    app.use(errorPage);
    this.#port = serve(app).then(({ port }) => port);
  }

  /** Each connection after the one before; `then` is awaited after each. */
  async ask(connections: Connections, then?: () => Promise<void>): Promise<Exchange[]> {
    const port = await this.#port;
    const exchanges: Exchange[] = [];
    await oneByOne(connections.length, async (which) => {
      const requests = connections[which] as readonly WireRequest[];
      [this.#events, this.#notes, this.#inside, this.#closings] = [[], [], [], []];
      const bytes = await rawRequest(
        port,
        requests.map((one, index) => textOf(one, index + 1 === requests.length)).join(''),
      );
      await Promise.all(this.#closings);
      await then?.();
      const answers = wireAnswers(bytes, true);
      exchanges.push({ answers, events: this.#events, notes: this.#notes, inside: this.#inside });
    });
    return exchanges;
  }

  readonly #see: See = (...values) => void this.#inside.push(...values);

  readonly #handle: RequestHandler = (req, res, next) => {
    this.runs += 1;
    void closed(res, (event, state) => this.#see(event, state, res.destroyed, { ...res.locals }));
    try {
      return this.#row.handler(req, res, this.#see, next);
    } finally {
      this.#see('returned', stateOf(res), res.destroyed);
    }
  };
}

function textOf(request: WireRequest, isLast: boolean): string {
  const connection = isLast ? { Connection: 'close' } : {};
  return wireRequest(0, { ...request, headers: { Host: 'site.test', ...connection, ...request.headers } });
}

/** Notes the events of a response; resolves after the last one. */
function closed(res: Response, note: (event: string, state: unknown) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['prefinish', 'finish', 'close']) res.on(event, () => note(event, stateOf(res)));
  res.on('close', () => setImmediate(resolve));
  return promise;
}

function stateOf({ statusCode, statusMessage, headersSent, writableEnded, writableFinished }: Response): unknown {
  return { statusCode, statusMessage, headersSent, writableEnded, writableFinished };
}

/** Error middleware as most apps have it. */
const errorPage: ErrorRequestHandler = (error: (Error & { code?: string }) | undefined, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.statusMessage = '';
  res.status(500).send(`failed: ${error?.code ?? error?.message}`);
};
