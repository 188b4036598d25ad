import type { CacheParts } from './cache-parts.ts';

/** Ends what the parts of a cache do, what uses the connection first. Never rejects. */
export async function closeParts(parts: CacheParts): Promise<void> {
  parts.closing.abort();
  await parts.cluster?.close();
  await Promise.all([parts.redis?.stats.close(), parts.invalidation.close()]);
  await parts.redis?.connection.close();
  parts.memory?.clear();
  parts.recorder.close();
}
