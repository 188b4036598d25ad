import type { Request, RequestHandler, Response } from 'express';
import type express from 'express';
import { arrivals, type Arrivals } from '../../support/arrivals.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { gate, type Gate } from '../../support/gate.ts';

/** What a handler can wait for. */
export interface Course {
  readonly run: number;
  /** The server has seen its first client go. */
  readonly left: Promise<void>;
  /** For the test to open. */
  readonly mayGoOn: Gate;
}

export interface LeavingSite {
  readonly site: CachedSite;
  /** Requests that have come to the cache, connections that are over. */
  readonly came: Arrivals;
  readonly left: Arrivals;
  readonly mayGoOn: Gate;
  readonly requests: readonly Request[];
  /** What the handler's runs came to. */
  readonly ends: Promise<unknown>[];
}

export type LeavingHandler = (req: Request, res: Response, course: Course) => unknown;

/** A site for clients that leave: it knows when the server has seen a connection end, and how each run of the handler ended. */
export async function leavingSite(
  makeApp: typeof express,
  handler: LeavingHandler,
  options: SiteOptions = {},
): Promise<LeavingSite> {
  const [came, left] = [arrivals(), arrivals()];
  const mayGoOn = gate();
  const requests: Request[] = [];
  const ends: Promise<unknown>[] = [];
  const watch: RequestHandler = (req, _res, next) => {
    requests.push(req);
    req.socket.on('close', () => void left.note());
    next();
  };
  const site = await cachedSite(
    makeApp,
    (req, res, run) => {
      const end = started(() => handler(req, res, { run, left: left.reached(1), mayGoOn }));
      ends.push(end.catch((error: unknown) => error));
      end.catch((error: unknown) => req.next?.(error));
    },
    { ...options, outer: [watch, ...(options.outer ?? [])], route: { skip: came.note, ...options.route } },
  );
  return { site, came, left, mayGoOn, requests, ends };
}

async function started(handler: () => unknown): Promise<unknown> {
  return handler();
}
