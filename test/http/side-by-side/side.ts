import type { ErrorRequestHandler, NextFunction, RequestHandler, Response } from 'express';
import type express from 'express';
import { serve } from '../../support/cached-site.ts';
import { rawRequest } from '../../support/http.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { turnsUntil } from '../../support/turns.ts';
import { wireAnswers } from '../../support/wire-answer.ts';
import { wireRequest, type WireRequest } from '../../support/wire-client.ts';
import type { Exchange } from './compare.ts';
import type { Row, See } from './row.ts';

/** The requests of each connection. */
export type Connections = readonly (readonly WireRequest[])[];

/** Where no cache is. */
export const nothing: RequestHandler = (_req, _res, next) => next();

/** A row's app, with the cache or with nothing in its place. */
export class Side {
  /** How often the handler ran. */
  runs = 0;
  /** How many requests came to where the cache is. */
  reached = 0;
  readonly #row: Row;
  readonly #port: Promise<number>;
  readonly #ready: Promise<void> | undefined;
  /** Of each request. */
  #events: unknown[][] = [];
  #notes: unknown[] = [];
  #inside: unknown[][] = [];
  #closings: Promise<void>[] = [];

  /** `ready`: the handler waits for it. */
  constructor(make: typeof express, row: Row, cache: RequestHandler, ready?: Promise<void>) {
    this.#row = row;
    this.#ready = ready;
    const app = make().set('env', 'test');
    app.use((_req, res, next) => {
      const events: unknown[] = [];
      this.#events.push(events);
      this.#closings.push(closed(res, (event, state) => events.push(event, state)));
      next();
    });
    const known = new WeakSet<object>();
    const counted: RequestHandler = (req, res, next) => {
      const isNew = !known.has(req);
      known.add(req);
      cache(req, res, next);
      if (isNew) this.reached += 1;
    };
    const note: See = (...values) => void this.#notes.push(...values);
    const see: See = (...values) => void this.#inside.push(values);
    const mount = row.mount ?? (() => app.use(counted, this.#handle));
    mount({ app, make, cache: counted, handler: this.#handle, note, see });
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

  /** Two equal requests, of which the second comes while the handler waits to answer the first; then `go` lets it. */
  async askTwo(go: () => void): Promise<Exchange[]> {
    const port = await this.#port;
    const first = rawRequest(port, textOf({}, true));
    await turnsUntil(() => this.reached === 1);
    const second = rawRequest(port, textOf({}, true));
    await turnsUntil(() => this.reached === 2);
    go();
    const both = await Promise.all([first, second]);
    await Promise.all(this.#closings);
    return both.map((bytes, index) => ({
      answers: wireAnswers(bytes, true),
      events: this.#events.slice(index, index + 1),
      notes: this.#notes.slice(index, index + 1),
      inside: index === 0 ? this.#inside : [],
    }));
  }

  readonly #handle: RequestHandler = (req, res, next) => {
    this.runs += 1;
    const seen: unknown[] = [];
    this.#inside.push(seen);
    const see: See = (...values) => void seen.push(...values);
    void closed(res, (event, state) => see(event, state, res.destroyed, { ...res.locals }));
    const handle = (): void | Promise<void> => {
      try {
        return this.#row.handler(req, res, see, next) as void | Promise<void>;
      } finally {
        see('returned', stateOf(res), res.destroyed);
      }
    };
    return this.#ready === undefined ? handle() : afterwards(this.#ready, handle, next);
  };
}

/** Express 4 takes no rejection. */
async function afterwards(ready: Promise<void>, handle: () => unknown, next: NextFunction): Promise<void> {
  await ready;
  try {
    await handle();
  } catch (error) {
    next(error);
  }
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
