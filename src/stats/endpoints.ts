import type { Request } from 'express';
import { hasPayload } from '../request/body.ts';
import { Refusal } from './answer.ts';
import { CHANGES, type IsAllowed, type StatsAction } from './authorize.ts';
import { healthOf } from './health.ts';
import type { ManageableCache } from './inspectable.ts';
import { jsonBodyOf } from './json-body.ts';
import { openApi } from './openapi.ts';
import { bodyRefused, confirmationMissing } from './problems.ts';
import { parameterOf, refuseParameters, selectorOf, statsOptionsOf } from './query.ts';
import type { AllowedChanges } from './schemas.ts';
import { warmed, warmItemsOf } from './warm-body.ts';

/** A request that may be answered, and what is needed for it. */
export interface Call {
  readonly req: Request;
  readonly cache: ManageableCache;
  readonly isAllowed: IsAllowed;
  readonly readOnly: boolean;
}

/** Answers one method of one path, HEAD beside GET. */
export interface Endpoint {
  readonly method: 'GET' | 'DELETE' | 'POST';
  readonly path: string;
  readonly action: StatsAction;
  /** The JSON to answer with. Rejects with a Refusal, or with what the cache throws. */
  answer(call: Call): unknown;
}

const READING: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/stats',
    action: 'read',
    answer: ({ req, cache }) => cache.stats(statsOptionsOf(req.url)),
  },
  reading('/performance', ({ cache }) => cache.monitor.snapshot()),
  reading('/performance/history', ({ cache }) => cache.monitor.history()),
  reading('/info', async (call) => ({ ...(await call.cache.info()), actions: await allowedChanges(call) })),
  reading('/health', async ({ cache }) => healthOf(await cache.info()), 'health'),
  reading('/openapi.json', async ({ cache, readOnly }) =>
    openApi({ readOnly, version: (await cache.info()).package.version }),
  ),
];

const CHANGING: readonly Endpoint[] = [
  {
    method: 'DELETE',
    path: '/invalidate',
    action: 'invalidate',
    answer: ({ req, cache }) => {
      refuseBody(req);
      return cache.invalidate(selectorOf(req.url));
    },
  },
  {
    method: 'DELETE',
    path: '/clear',
    action: 'clear',
    answer: async ({ req, cache }) => {
      refuseBody(req);
      const given = parameterOf(req.url, 'confirm');
      const { namespace } = await cache.info();
      if (given !== namespace) throw new Refusal(confirmationMissing(namespace, given));
      return cache.clear();
    },
  },
  {
    method: 'POST',
    path: '/warm',
    action: 'warm',
    answer: async ({ req, cache }) => {
      refuseParameters(req.url);
      return warmed(cache, warmItemsOf(await jsonBodyOf(req)));
    },
  },
];

export function endpoints({ readOnly }: { readonly readOnly: boolean }): readonly Endpoint[] {
  return readOnly ? READING : [...READING, ...CHANGING];
}

function reading(path: string, read: (call: Call) => unknown, action: StatsAction = 'read'): Endpoint {
  return {
    method: 'GET',
    path,
    action,
    answer: (call) => {
      refuseParameters(call.req.url);
      return read(call);
    },
  };
}

/** What narrows a selection may have been put there by mistake. */
function refuseBody(req: Request): void {
  if (hasPayload(req)) throw new Refusal(bodyRefused);
}

async function allowedChanges({ req, isAllowed, readOnly }: Call): Promise<AllowedChanges> {
  const may = async (action: StatsAction): Promise<boolean> => !readOnly && (await isAllowed(req, action));
  const [invalidate, clear, warm] = await Promise.all(CHANGES.map(may));
  return { invalidate: invalidate === true, clear: clear === true, warm: warm === true };
}
