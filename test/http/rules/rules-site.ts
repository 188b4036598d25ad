import type express from 'express';
import type { Request, Response } from 'express';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

export interface RulesSite extends CachedSite {
  readonly clock: ManualClock;
}

/** An app whose clock the test sets, with no lifetimes but those that answers name. */
export async function rulesSite(
  makeApp: typeof express,
  answer: (req: Request, res: Response, run: number) => unknown,
  route: AIRouteOptions = {},
  more: Omit<SiteOptions, 'route' | 'clock'> = {},
): Promise<RulesSite> {
  const clock = manualClock();
  const cache = { ...more.cache, ttl: { defaultSeconds: 0, ...more.cache?.ttl } };
  const site = await cachedSite(makeApp, answer, { ...more, cache, route, clock });
  return Object.assign(site, { clock });
}
