import { Router } from 'express';
import type { Request, Response } from 'express';
import { hasMethod } from '../config/checks.ts';
import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { notACache, unknownOption } from '../errors.ts';
import { sendJson, sendProblem } from './answer.ts';
import { authorization } from './authorize.ts';
import type { Authorize, StatsAction } from './authorize.ts';
import { mountDashboard } from './dashboard-routes.ts';
import { healthOf } from './health.ts';
import type { InspectableCache, StatsFilter } from './inspectable.ts';
import { filtersOf } from './query.ts';

export interface StatsRouterOptions {
  /**
   * Who may look: a function of the request and the action (`'read'` for the dashboard, `/stats`, `/performance` and `/info`, `'health'` for
   * `/health`) that returns `true` or a promise of it; or `'none'`, everybody. There is no default.
   */
  authorize: Authorize | 'none';
}

interface Endpoint {
  readonly path: string;
  readonly action: StatsAction;
  readonly filters: readonly (keyof StatsFilter)[];
  read(cache: InspectableCache, filter: StatsFilter): unknown;
}

const OPTIONS = ['authorize'];

const ENDPOINTS: readonly Endpoint[] = [
  { path: '/stats', action: 'read', filters: ['provider', 'model'], read: (cache, filter) => cache.stats(filter) },
  { path: '/performance', action: 'read', filters: [], read: (cache) => cache.monitor.snapshot() },
  { path: '/performance/history', action: 'read', filters: [], read: (cache) => cache.monitor.history() },
  { path: '/info', action: 'read', filters: [], read: (cache) => cache.info() },
  { path: '/health', action: 'health', filters: [], read: async (cache) => healthOf(await cache.info()) },
];

/**
 * An Express router that shows what a cache does: as a page for people, and as JSON that nobody stores (`Cache-Control: no-store`).
 * Mount it where you like.
 *
 * - `GET /`: the dashboard, one page that loads nothing from elsewhere
 * - `GET /stats`: requests and savings since the start, in all and by model; `?provider=` and `?model=` choose
 * - `GET /performance`: the performance monitor's snapshot, its window only
 * - `GET /performance/history`: that window as a series over time
 * - `GET /info`: how the cache is built, its tiers, their sizes, Redis' state and memory
 * - `GET /health`: `{ status: 'ok' | 'degraded', redis }`, 200 both: with Redis down the cache goes on without it
 *
 * Errors are problems (RFC 9457): 400 for a query parameter that is unknown, repeated, empty or too long, 403 where `authorize`
 * did not return true, 405 for other methods. Paths that are not its own go on to the next handler.
 *
 * Throws an `AICacheError`: `AUTHORIZE_REQUIRED` without `authorize`, `UNKNOWN_OPTION`, `INVALID_OPTION` where `cache` is none.
 */
export function statsRouter(cache: InspectableCache, options: StatsRouterOptions): Router {
  if (
    !['stats', 'info'].every((method) => hasMethod(cache, method)) ||
    !hasMethod((cache as Partial<InspectableCache> | undefined)?.monitor, 'snapshot')
  ) {
    throw notACache('cache', shownValue(cache));
  }
  const given: Partial<StatsRouterOptions> = options ?? {};
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, nearestName(unknown, OPTIONS));
  const isAllowed = authorization(given.authorize);

  const router = Router();
  mountDashboard(router, isAllowed);
  for (const endpoint of ENDPOINTS) {
    router.all(endpoint.path, (req, res) => {
      answer(endpoint, cache, isAllowed, req, res).catch(() => {
        sendProblem(res, { status: 500, detail: 'The cache could not say.' });
      });
    });
  }
  return router;
}

async function answer(
  endpoint: Endpoint,
  cache: InspectableCache,
  isAllowed: ReturnType<typeof authorization>,
  req: Request,
  res: Response,
): Promise<void> {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    return sendProblem(res, { status: 405, detail: 'It can only be read.', headers: { Allow: 'GET, HEAD' } });
  }
  if (!(await isAllowed(req, endpoint.action))) {
    return sendProblem(res, { status: 403, detail: 'You may not see this.' });
  }
  const filters = filtersOf(req.url, endpoint.filters);
  if ('status' in filters) return sendProblem(res, filters);
  return sendJson(res, await endpoint.read(cache, filters));
}
