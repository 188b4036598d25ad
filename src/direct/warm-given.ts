import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CacheParts } from '../cache-parts.ts';
import type { LogPosition } from '../entry/entry.ts';
import { AICacheError, cacheClosed, internalFault } from '../errors.ts';
import { setOne, type SetItem } from './many.ts';
import { WarmCount, type Warmed, type WarmResult } from './warm-count.ts';
import type { WarmItems, WarmOptions } from './warm-options.ts';

/** Items whose entries are looked up and written at a time. */
const GIVEN_AT_ONCE = 100;

/** Stores the answers of which no fresh entry is there. Lookups are not counted as requests: nobody asked. */
export async function warmGiven(
  parts: CacheParts,
  items: WarmItems<SetItem>,
  options: WarmOptions,
): Promise<WarmResult> {
  const { concurrency = GIVEN_AT_ONCE, onProgress } = options;
  const count = new WarmCount(Array.isArray(items) ? items.length : undefined, onProgress, parts.report);
  for await (const batch of batchesOf(parts, items, concurrency)) {
    if (parts.closing.signal.aborted) throw cacheClosed();
    await warmBatch(parts, batch, count);
    // Memory alone never waits, and requests must have their turn.
    await nextTurn();
  }
  return count.result();
}

/** An item with the key of its request, or what is wrong with that. */
interface Placed {
  readonly index: number;
  readonly item: SetItem;
  readonly key: ReturnType<CacheParts['keys']['keyFor']> | AICacheError;
  /** Where the invalidation log stood when the item was given: what is invalidated since then does not come back with it. */
  readonly position: LogPosition;
}

/** No key twice in a batch: the second item of a key finds what the first has stored. */
async function* batchesOf(
  parts: CacheParts,
  items: WarmItems<SetItem>,
  size: number,
): AsyncGenerator<readonly Placed[]> {
  let batch: Placed[] = [];
  let digests = new Set<string>();
  let index = 0;
  let position = await parts.store.noted();
  for await (const item of items) {
    const key = keyOf(parts, item);
    const digest = 'digest' in key ? key.digest : '';
    if (batch.length === size || digests.has(digest)) {
      yield batch;
      batch = [];
      digests = new Set();
    }
    batch.push({ index, item, key, position });
    if (digest !== '') digests.add(digest);
    index += 1;
    // The items of an array were given with the call; others are when they are asked for, from here on.
    if (!Array.isArray(items) || position.epoch === '') position = await parts.store.noted();
  }
  if (batch.length > 0) yield batch;
}

function keyOf(parts: CacheParts, item: SetItem | null | undefined): Placed['key'] {
  try {
    return parts.keys.keyFor((item ?? ({} as Partial<SetItem>)).request as SetItem['request']);
  } catch (error) {
    return error instanceof AICacheError ? error : internalFault(error);
  }
}

async function warmBatch(parts: CacheParts, batch: readonly Placed[], count: WarmCount): Promise<void> {
  const asked = batch.flatMap(({ key }) => ('digest' in key ? [key] : []));
  const found = await parts.store.lookupMany(asked);
  const fresh = new Set(asked.filter((_, place) => found[place]?.freshness === 'fresh').map(({ digest }) => digest));
  await Promise.all(batch.map(async (placed) => count.add(placed.index, await warmOne(parts, placed, fresh))));
}

async function warmOne(
  parts: CacheParts,
  { item, key, position }: Placed,
  fresh: ReadonlySet<string>,
): Promise<Warmed> {
  if (!('digest' in key)) return { reason: 'invalid', error: key };
  if (fresh.has(key.digest)) return 'skipped';
  const { stored, ...why } = await setOne(parts, item, position);
  return stored ? 'stored' : (why as Exclude<Warmed, string>);
}
