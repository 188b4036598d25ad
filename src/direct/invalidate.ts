import type { CacheParts } from '../cache-parts.ts';
import { AICacheError } from '../errors.ts';
import type { RemovalKind } from '../telemetry/tracing.ts';
import { selectorOf, type EntrySelector } from './selector.ts';

/** Removes what fits the selector. */
export async function directInvalidate(parts: CacheParts, given: EntrySelector): Promise<{ removed: number }> {
  const selector = selectorOf(given, parts.keys);
  return { removed: await traced(parts, 'remove', () => parts.invalidation.invalidate(selector)) };
}

/** Marks as stale what fits the selector. */
export async function directExpire(parts: CacheParts, given: EntrySelector): Promise<{ expired: number }> {
  const selector = selectorOf(given, parts.keys);
  return { expired: await traced(parts, 'expire', () => parts.invalidation.expire(selector)) };
}

/** Removes everything. */
export async function directClear(parts: CacheParts): Promise<{ removed: number }> {
  return { removed: await traced(parts, 'flush', () => parts.invalidation.invalidate({})) };
}

async function traced(parts: CacheParts, kind: RemovalKind, work: () => Promise<number>): Promise<number> {
  const { clock, tracing, observe } = parts;
  const span = tracing.startRemoval({ kind });
  const startedAt = clock.monotonic();
  const ended = (end: { count: number } | { errorType: string }): void => {
    const durationMs = clock.monotonic() - startedAt;
    observe({ type: 'invalidation', kind, durationMs, ...end });
    span.end(end);
    if (kind === 'expire') return;
    const tier = parts.redis === undefined ? 'memory' : 'redis';
    const failure = 'errorType' in end ? { errorType: end.errorType } : {};
    observe({ type: 'operation', tier, operation: kind, durationMs, ...failure });
  };
  try {
    const count = await span.run(work);
    ended({ count });
    return count;
  } catch (error) {
    const errorType = error instanceof AICacheError ? error.code : 'INTERNAL';
    ended({ errorType });
    throw error;
  }
}
