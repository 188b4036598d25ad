import type { CacheParts } from './cache-parts.ts';
import type { CacheInfo, RedisTierInfo } from './stats/inspectable.ts';
import { SCOPE } from './telemetry/names.ts';

/** How a cache is built and how its tiers are now. Never rejects. */
export async function cacheInfoOf(parts: CacheParts): Promise<CacheInfo> {
  const { config, clock, startedAt } = parts;
  const { name, namespace, version, mode, textSizeTiers, compression } = config;
  return {
    name,
    namespace,
    version,
    enabled: isEnabled(parts),
    mode,
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: (clock.now() - startedAt) / 1000,
    package: SCOPE,
    textSizeTiers,
    tiers: { memory: memoryOf(parts), redis: await redisOf(parts) },
    compression,
    fillsActive: parts.recorder.monitor.snapshot().fills.active,
    recentErrors: parts.recorder.errors.list(),
  };
}

function isEnabled({ config, closing }: CacheParts): boolean {
  try {
    return !closing.signal.aborted && config.enabled();
  } catch {
    // As on a request, a switch that fails is off.
    return false;
  }
}

function memoryOf({ memory, config }: CacheParts): CacheInfo['tiers']['memory'] {
  if (memory === undefined) return false;
  const { entries, bytes, maxBytes, maxEntries } = memory.stats();
  return { entries, usedBytes: bytes, limitBytes: maxBytes, maxEntries, textTiers: config.memoryTextTiers };
}

async function redisOf({ redis }: CacheParts): Promise<false | RedisTierInfo> {
  if (redis === undefined) return false;
  const { version, ...info } = await redis.connection.info();
  return { ...info, breaker: redis.tier.circuit(), ...(version === undefined ? {} : { serverVersion: version }) };
}
