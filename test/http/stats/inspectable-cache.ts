import type { CacheInfo, ManageableCache, RedisTierInfo } from '../../../src/stats/index.ts';
import { CachePerformanceMonitor } from '../../../src/telemetry/performance-monitor.ts';
import { Tally } from '../../../src/telemetry/tally.ts';

export const info: CacheInfo = {
  name: 'ai-cache',
  namespace: 'ai_cache',
  version: 1,
  enabled: true,
  mode: 'serve',
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeSeconds: 12,
  package: { name: 'express-ai-cache', version: '0.1.0' },
  textSizeTiers: { small: 500, medium: 5_000, large: 50_000 },
  tiers: {
    memory: { entries: 1, usedBytes: 100, limitBytes: 1_000, maxEntries: 10, textTiers: ['small'] },
    redis: false,
  },
  compression: { thresholdBytes: 1_024, algorithm: 'br', level: 1 },
  fillsActive: 0,
  recentErrors: [],
};

function refuse(): never {
  throw new Error('canary: it was changed');
}

/** A cache that saw a miss and two hits of openai's gpt-5 and a miss of mistral's large. It fails where somebody changes it. */
export function inspectableCache(redis: false | RedisTierInfo = false): ManageableCache {
  const tally = new Tally();
  const monitor = new CachePerformanceMonitor();
  const requests = [
    ['miss', 'openai', 'gpt-5'],
    ['hit', 'openai', 'gpt-5'],
    ['hit', 'openai', 'gpt-5'],
    ['miss', 'mistral', 'large'],
  ] as const;
  for (const [result, provider, model] of requests) {
    const outcome = { result, provider, model, status: 200, durationMs: 1 };
    tally.observe({ type: 'request', outcome });
    monitor.observe({ type: 'request', outcome });
  }
  return {
    stats: (filter) => tally.stats(filter),
    info: () => Promise.resolve({ ...info, tiers: { ...info.tiers, redis } }),
    monitor,
    invalidate: refuse,
    clear: refuse,
    warm: refuse,
  };
}
