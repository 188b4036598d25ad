import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type express from 'express';
import { expect } from 'vitest';
import { arrivals, type Arrivals } from '../../support/arrivals.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { gate, type Gate } from '../../support/gate.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

export type Handler = (req: Request, res: Response, run: number) => unknown;

export interface StaleSite {
  readonly site: CachedSite;
  readonly clock: ManualClock;
  /** Requests of clients that have come to the cache; runs of the handler that have begun. */
  readonly came: Arrivals;
  readonly ran: Arrivals;
  /** Each run waits for its gate; that of the first run is open. */
  readonly gates: readonly [Gate, Gate, Gate, Gate];
  /** Resolves when this many runs are over. */
  readonly over: Arrivals;
}

/** A site whose answers are fresh for 10 seconds by the clock of the test. */
export async function staleSite(
  makeApp: typeof express,
  handler: Handler,
  options: SiteOptions = {},
): Promise<StaleSite> {
  const clock = manualClock();
  const [came, ran, over] = [arrivals(), arrivals(), arrivals()];
  const gates = [gate(), gate(), gate(), gate()] as const;
  gates[0].open();
  const site = await cachedSite(
    makeApp,
    async (req, res, run) => {
      ran.note();
      res.on('close', () => void over.note());
      await gates[run - 1]?.opened;
      try {
        await handler(req, res, run);
      } catch (error) {
        req.next?.(error);
      }
    },
    { clock, ...options, route: { ttlSeconds: 10, skip: came.note, ...options.route } },
  );
  return { site, clock, came, ran, over, gates };
}

/** Resolves when the answer that is kept is the one of this run. */
export async function isKept(site: CachedSite, text: string): Promise<void> {
  await expect.poll(async () => (await site.ask()).text).toBe(text);
}

/** Resolves when a refresh whose handler is done is over altogether: its connection is in memory, so it needs no more than turns. */
export async function refreshIsOver(site: CachedSite): Promise<void> {
  await expect.poll(async () => (await site.cache.info()).fillsActive).toBe(0);
  await oneByOne(10, () => turn());
}
