/** A gateway in a process of its own, one fill per key with the others: `SteeredProcess` starts it. */
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { hold, serveToParent, settings, tell } from '../support/steered-child.ts';
import { proxyApp } from './proxy-app.ts';

export interface ProxySettings {
  readonly redis: string;
  readonly upstream: string;
}

const { redis, upstream } = settings() as ProxySettings;
const cache = new AIResponseCache({
  redis,
  // A machine that is busy is not Redis being away.
  redisTimeoutMs: 10_000,
  coalesce: { across: 'cluster' },
  telemetry: false,
  onError: (error) => tell('error', error.message),
});
await serveToParent(proxyApp({ cache, upstream, hold, onArrival: () => tell('arrived', '') }), cache);
