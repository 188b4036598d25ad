import type { CacheParts } from '../cache-parts.ts';
import type { Coding, Entry } from '../entry/entry.ts';
import type { CacheKey } from '../tiers/tier.ts';
import { compressed, mayWait } from './compress-entry.ts';

export interface StoreResult {
  readonly stored: boolean;
  readonly notStored?: string;
  readonly itemSizeBytes: number;
  readonly coding: Coding;
  readonly ttlSeconds: number;
}

/** `when-taken`: a body that may wait in memory is compressed for the first client that takes the coding. */
export type Compressing = 'now' | 'when-taken';

/** Compresses an entry and writes it to every tier that keeps such an entry. */
export async function storeEntry(
  parts: CacheParts,
  key: CacheKey,
  entry: Entry,
  compressing: Compressing = 'now',
): Promise<StoreResult> {
  const waits = compressing === 'when-taken' && mayWait(parts, entry);
  const coded = waits ? { ...entry, isUncoded: true as const } : await keptWhileCompressed(parts, key, entry);
  // A cache that was closed meanwhile has freed its memory.
  const { stored } = parts.closing.signal.aborted ? { stored: false } : await parts.store.put(key, coded);
  const size = { coding: coded.coding, rawBytes: coded.identityBytes, storedBytes: coded.body.length };
  if (stored) parts.observe({ type: 'entry-size', ...size });
  return {
    stored,
    ...(stored ? {} : { notStored: 'no-tier' }),
    itemSizeBytes: coded.body.length,
    coding: coded.coding,
    ttlSeconds: (coded.staleAt - coded.cachedAt) / 1000,
  };
}

/** A repeat that comes while a large body is being compressed finds it in memory. */
function keptWhileCompressed(parts: CacheParts, key: CacheKey, entry: Entry): Entry | Promise<Entry> {
  const coded = compressed(parts, entry);
  if (coded instanceof Promise) parts.store.keep(key, entry);
  return coded;
}
