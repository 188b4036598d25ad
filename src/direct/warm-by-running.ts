import type { CacheParts } from '../cache-parts.ts';
import { AICacheError, cacheClosed, internalFault } from '../errors.ts';
import { recordedFrom, type WarmRequest } from '../exchange/warm-request.ts';
import { WarmCount, type Warmed, type WarmResult } from './warm-count.ts';
import type { WarmItems, WarmRunOptions } from './warm-options.ts';

/** Model calls at a time, unless the caller says otherwise. */
const RUNS_AT_ONCE = 4;

/** Sends requests through the app, so that the middleware stores what its handlers answer. */
export async function warmByRunning(
  parts: CacheParts,
  items: WarmItems<WarmRequest>,
  options: WarmRunOptions,
): Promise<WarmResult> {
  const { concurrency = RUNS_AT_ONCE, onProgress, server } = options;
  const count = new WarmCount(Array.isArray(items) ? items.length : undefined, onProgress, parts.report);
  const source = each(items);
  let taken = 0;
  const runner = async (): Promise<void> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- so many at a time
      const next = await source.next();
      if (next.done === true) return;
      if (parts.closing.signal.aborted) throw cacheClosed();
      const index = taken++;
      // oxlint-disable-next-line no-await-in-loop -- so many at a time
      count.add(index, await runOne(parts, next.value, server));
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: concurrency }, runner));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) {
    // What gives the items may hold a cursor of a database.
    await source.return(undefined).catch(() => undefined);
    throw failed.reason;
  }
  return count.result();
}

async function* each<Item>(items: WarmItems<Item>): AsyncGenerator<Item> {
  yield* items;
}

async function runOne(parts: CacheParts, item: WarmRequest, server: WarmRunOptions['server']): Promise<Warmed> {
  try {
    return await parts.warmRuns.run(recordedFrom(item, server), parts.closing.signal);
  } catch (error) {
    return { reason: 'invalid', error: error instanceof AICacheError ? error : internalFault(error) };
  }
}
