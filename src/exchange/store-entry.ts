import type { CacheParts } from '../cache-parts.ts';
import { compress } from '../entry/compression.ts';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { parseCacheControl } from '../policy/cache-control.ts';
import type { CacheKey } from '../tiers/tier.ts';

export interface StoreResult {
  readonly stored: boolean;
  readonly notStored?: string;
  readonly itemSizeBytes: number;
  readonly coding: Coding;
  readonly ttlSeconds: number;
}

/** Compresses an entry and writes it to every tier that keeps such an entry. */
export async function storeEntry(parts: CacheParts, key: CacheKey, entry: Entry): Promise<StoreResult> {
  const coded = await compressed(parts, key, entry);
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

async function compressed(parts: CacheParts, key: CacheKey, entry: Entry): Promise<Entry> {
  const { compression } = parts.config;
  if (compression === false || entry.coding !== 'identity' || !isTransformable(entry)) return entry;
  const startedAt = parts.clock.monotonic();
  const contentType = fieldOf(entry.headers, 'content-type');
  const pending = compress(entry.body, { ...compression, ...(contentType === undefined ? {} : { contentType }) });
  // A repeat that comes while a large body is being compressed finds it in memory.
  if (pending instanceof Promise) parts.store.keep(key, entry);
  const { coding, body } = pending instanceof Promise ? await pending : pending;
  if (entry.body.length >= compression.thresholdBytes)
    parts.observe({
      type: 'codec',
      operation: 'compress',
      coding: compression.algorithm,
      durationMs: parts.clock.monotonic() - startedAt,
    });
  return coding === 'identity' ? entry : { ...entry, coding, body };
}

/** Digests name the bytes of one coding (RFC 9530), and no-transform forbids another (RFC 9111 §5.2.2.6). */
function isTransformable({ headers }: Entry): boolean {
  if (parseCacheControl(fieldOf(headers, 'cache-control') ?? '').has('no-transform')) return false;
  return ['content-digest', 'repr-digest', 'digest'].every((name) => fieldOf(headers, name) === undefined);
}
