import type { CacheParts } from '../cache-parts.ts';
import { relatedTarget } from '../request/target.ts';
import { targetDigest } from '../request/labels.ts';
import { beforeHead } from '../response/head-hook.ts';
import type { Exchange } from './exchange.ts';

/** Methods that change nothing (RFC 9110 §9.2.1; RFC 10008; RFC 4918, RFC 3253, RFC 5323): any other one may. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH']);

/** Of URLs of the same origin that the answer names, these may have changed too (RFC 9111 §4.4). */
const RELATED = ['location', 'content-location'] as const;

export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/** When a request that changes something is answered without an error, what a GET of its URL has stored is invalidated. */
export function invalidateOnSuccess({ parts, req, res }: Exchange): void {
  beforeHead(res, () => {
    if (res.statusCode >= 200 && res.statusCode < 400) {
      const named = RELATED.map((name) => res.getHeader(name)).filter((value) => typeof value === 'string');
      const targets = ['', ...named].map((reference) => relatedTarget(req, reference));
      const target = [...new Set(targets.filter((one) => one !== undefined).map(targetDigest))];
      // Nobody waits for it: the client has its answer also while Redis is away.
      forget(parts, target).catch(parts.report);
    }
    return undefined;
  });
}

/** What nothing is stored of costs no place in the log of invalidations. */
async function forget({ fillingTargets, invalidation }: CacheParts, target: readonly string[]): Promise<void> {
  const isConcerned = fillingTargets.hasAny(target) || (await invalidation.mayHold(target));
  if (isConcerned) await invalidation.invalidate({ target });
}
