import { Router } from 'express';
import type { Response } from 'express';
import { hasMethod } from '../config/checks.ts';
import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { invalidOption, notACache, unknownOption } from '../errors.ts';
import { sendJson, sendMethods, sendProblem } from './answer.ts';
import { authorization } from './authorize.ts';
import type { Authorize } from './authorize.ts';
import { mountDashboard } from './dashboard-routes.ts';
import { endpoints } from './endpoints.ts';
import type { Call, Endpoint } from './endpoints.ts';
import type { ManageableCache } from './inspectable.ts';
import { fromAnotherSite, mayNotChange, methodNotAllowed, notAllowed, notFound, problemOf } from './problems.ts';
import { isFromAnotherSite } from './same-site.ts';

export interface StatsRouterOptions {
  /**
   * Who may do what: a function of the request and the action (`'read'` for the dashboard, `/stats`, `/performance`, `/info` and
   * `/openapi.json`,
   * `'health'` for `/health`, `'invalidate'`, `'clear'` and `'warm'` for the routes of that name, which `/info` asks about, too)
   * that returns `true` or a promise of it; or `'none'`, everybody. There is no default.
   */
  authorize: Authorize | 'none';
  /** Only shows: no route changes the cache. Default: `false`. */
  readOnly?: boolean | undefined;
}

const OPTIONS = ['authorize', 'readOnly'];

/**
 * An Express router that shows what a cache does and manages it: a page for people, and JSON that nobody stores
 * (`Cache-Control: no-store`). Mount it where you like.
 *
 * - `GET /`: the dashboard, one page that loads nothing from elsewhere
 * - `GET /stats`: requests and savings since the start, in all and by model; `?provider=` and `?model=` choose, `?across=cluster`
 *   asks for those of all processes
 * - `GET /performance`: the performance monitor's snapshot, its window only
 * - `GET /performance/history`: that window as a series over time
 * - `GET /info`: how the cache is built, its tiers, their sizes, Redis' state and memory, what the caller may change
 * - `GET /health`: `{ status: 'ok' | 'degraded', redis }`, 200 both: with Redis down the cache goes on without it
 * - `GET /openapi.json`: all this as OpenAPI 3.1
 * - `DELETE /invalidate?provider&model&operation&collection&tag&key`: removes what fits all that is given → `{ removed }`
 * - `DELETE /clear?confirm=<namespace>`: removes everything of the namespace → `{ removed }`
 * - `POST /warm` with `{ items: [{ request, response, ttlSeconds? }] }`: stores answers → `{ stored, skipped, failed, failures }`
 *
 * Errors are problems (RFC 9457): 400 for what is wrong with the query or the body, 403 where `authorize` did not return true and for
 * changes that a page of another site asks for, 404, 405, 413, 415, and 503 where a change cannot be true without Redis. Mounted at
 * the root of an app, it leaves paths that are not its own to the next handler.
 *
 * Throws an `AICacheError`: `AUTHORIZE_REQUIRED` without `authorize`, `UNKNOWN_OPTION`, `INVALID_OPTION` where `cache` is none.
 */
export function statsRouter(cache: ManageableCache, options: StatsRouterOptions): Router {
  const given: Partial<StatsRouterOptions> = options ?? {};
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, nearestName(unknown, OPTIONS));
  const { readOnly = false } = given;
  if (typeof readOnly !== 'boolean') throw invalidOption('readOnly', shownValue(readOnly), 'true or false');
  checkCache(cache, readOnly);
  const isAllowed = authorization(given.authorize);

  const router = Router();
  mountDashboard(router, isAllowed);
  for (const endpoint of endpoints({ readOnly })) {
    router.all(endpoint.path, (req, res) => {
      answer(endpoint, { req, cache, isAllowed, readOnly }, res).catch((error: unknown) => {
        sendProblem(res, problemOf(error));
      });
    });
  }
  router.use((req, res, next) => {
    if (req.baseUrl === '') next();
    else sendProblem(res, notFound);
  });
  return router;
}

function checkCache(cache: unknown, readOnly: boolean): void {
  const needed = readOnly ? ['stats', 'info'] : ['stats', 'info', 'invalidate', 'clear', 'warm'];
  const { monitor } = (cache ?? {}) as Partial<ManageableCache>;
  if (
    !needed.every((method) => hasMethod(cache, method)) ||
    !['snapshot', 'history'].every((method) => hasMethod(monitor, method))
  ) {
    throw notACache('cache', shownValue(cache));
  }
}

async function answer(endpoint: Endpoint, call: Call, res: Response): Promise<void> {
  const { req, isAllowed } = call;
  const isReading = endpoint.method === 'GET';
  const allow = isReading ? 'GET, HEAD, OPTIONS' : `${endpoint.method}, OPTIONS`;
  if (req.method === 'OPTIONS') return sendMethods(res, allow);
  const method = req.method === 'HEAD' ? 'GET' : req.method;
  if (method !== endpoint.method) return sendProblem(res, methodNotAllowed(allow));
  if (!isReading && isFromAnotherSite(req)) return sendProblem(res, fromAnotherSite);
  if (!(await isAllowed(req, endpoint.action))) return sendProblem(res, isReading ? notAllowed : mayNotChange);
  return sendJson(res, await endpoint.answer(call));
}
