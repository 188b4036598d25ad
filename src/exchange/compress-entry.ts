import type { CacheParts } from '../cache-parts.ts';
import { compress, isCompressedInLine, type CompressOptions } from '../entry/compression.ts';
import type { Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { parseCacheControl } from '../policy/cache-control.ts';
import { whenReady } from '../when-ready.ts';

/** The entry with its body compressed, where that pays; by a promise where the body is large. */
export function compressed(parts: CacheParts, entry: Entry): Entry | Promise<Entry> {
  const options = optionsFor(parts, entry);
  if (options === undefined) return entry;
  const startedAt = parts.clock.monotonic();
  const coded = ({ coding, body }: Pick<Entry, 'coding' | 'body'>): Entry => {
    const durationMs = parts.clock.monotonic() - startedAt;
    parts.observe({ type: 'codec', operation: 'compress', coding: options.algorithm, durationMs });
    return coding === 'identity' ? entry : { ...entry, coding, body };
  };
  return whenReady(compress(entry.body, options), coded);
}

/** The same for an entry whose body has waited, which is compressed at once. */
export function compressedInLine(parts: CacheParts, { isUncoded: _isUncoded, ...entry }: Entry): Entry {
  const coded = compressed(parts, entry);
  return coded instanceof Promise ? entry : coded;
}

/** Of the memory tier: a body that takes more of it is compressed before it is put there. */
const WAITING_SHARE = 1 / 64;

/**
 * Can its body wait for the first client that takes the coding? Most answers are asked for by nobody again, so that to compress them
 * is in vain. Redis keeps what it is given; and what waits in memory must be small.
 */
export function mayWait(parts: CacheParts, entry: Entry): boolean {
  const { memory } = parts.config;
  if (parts.redis !== undefined || memory === false) return false;
  if (entry.body.length > Math.min(memory.maxEntryBytes, memory.maxBytes * WAITING_SHARE)) return false;
  const options = optionsFor(parts, entry);
  return options !== undefined && isCompressedInLine(entry.body, options);
}

/** Undefined where this entry is to stay as it is. */
function optionsFor({ config }: CacheParts, { body, coding, headers }: Entry): CompressOptions | undefined {
  const { compression } = config;
  if (compression === false || coding !== 'identity' || body.length < compression.thresholdBytes) return undefined;
  if (!isTransformable(headers)) return undefined;
  const contentType = fieldOf(headers, 'content-type');
  return { ...compression, ...(contentType === undefined ? {} : { contentType }) };
}

/** Digests name the bytes of one coding (RFC 9530), and no-transform forbids another (RFC 9111 §5.2.2.6). */
function isTransformable(headers: Entry['headers']): boolean {
  if (parseCacheControl(fieldOf(headers, 'cache-control') ?? '').has('no-transform')) return false;
  return ['content-digest', 'repr-digest', 'digest'].every((name) => fieldOf(headers, name) === undefined);
}
