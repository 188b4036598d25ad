import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type express from 'express';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import type { WireRequest } from '../../support/wire-client.ts';
import type { Difference } from './differences.ts';

/** Writes down what a handler or a middleware sees: with the cache it must see the same. */
export type See = (...values: unknown[]) => void;

export type RowHandler = (req: Request, res: Response, see: See, next: NextFunction) => unknown;

/** One app, asked without the cache and with it. */
export interface Row {
  readonly title: string;
  readonly handler: RowHandler;
  /** The requests of each connection, sent in one segment. Default: the same GET on two connections. */
  readonly connections?: readonly (readonly WireRequest[])[];
  /** What the cache says of each answer, without its name; undefined where it is not reached. Default: stored, then `hit`. */
  readonly says?: readonly (string | undefined)[];
  /** How often the handler runs with the cache. Default once; without the cache it runs for each request. */
  readonly runs?: number;
  /** What a hit may not have in common with the answer without the cache. */
  readonly differs?: readonly Difference[];
  /** Where the cache and the handler go. Default: the cache, then the handler, for every path. */
  readonly mount?: ((mount: Mount) => unknown) | undefined;
  /** Options of the cache's mount. */
  readonly route?: AIRouteOptions;
  /** The majors of Express that have it. Default both. */
  readonly only?: 4 | 5;
}

export interface Mount {
  readonly app: Express;
  readonly make: typeof express;
  /** The cache, or nothing in its place. */
  readonly cache: RequestHandler;
  readonly handler: RequestHandler;
  /** For what hits run too. */
  readonly note: See;
  /** For what runs as the handler does. */
  readonly see: See;
}

/** `says` and `runs` of an answer that is not stored. */
export const notStored = (reason: string): Pick<Row, 'says' | 'runs'> => {
  const says = `fwd=miss; detail=${reason}`;
  return { says: [says, says], runs: 2 };
};

/** `says` and `runs` of an answer that breaks off, or is known not to be whole after its head only. */
export const lost: Pick<Row, 'says' | 'runs'> = { says: ['fwd=miss', 'fwd=miss'], runs: 2 };

/** `says` and `runs` of a connection that is closed without an answer. */
export const unanswered: Pick<Row, 'says' | 'runs'> = { says: [], runs: 2 };

/** `says` of an answer whose body is not known with its head. */
export const inPieces: Pick<Row, 'says'> = { says: ['fwd=miss', 'hit'] };

/** A row's requests, each on a connection of its own. */
export const each = (...requests: readonly WireRequest[]): Pick<Row, 'connections'> => ({
  connections: requests.map((request) => [request]),
});

/** Middleware in front of the cache. */
export const inFront =
  (...middleware: RequestHandler[]): Row['mount'] =>
  ({ app, cache, handler }) =>
    app.use(...middleware, cache, handler);

/** Middleware between the cache and the handler. */
export const behind =
  (...middleware: RequestHandler[]): Row['mount'] =>
  ({ app, cache, handler }) =>
    app.use(cache, ...middleware, handler);

/** The code or the name of what `work` throws. */
export function codeOf(work: () => unknown): unknown {
  try {
    work();
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code ?? (error as Error).name;
  }
}

/** Resolves when `emitter` emits `event`. */
export const until = (emitter: NodeJS.EventEmitter, event: string): Promise<void> =>
  new Promise((done) => void emitter.once(event, () => done()));
