import type { CacheInfo } from '../stats/inspectable.ts';
import { byId, setPill, setText, type Tone } from './dom.ts';
import { formatSeconds } from './format.ts';

/** Whose cache this is and how it is, at a glance. */
export function showHeader(info: CacheInfo): void {
  const { name, namespace, version, uptimeSeconds, package: own } = info;
  setText(byId('name', HTMLElement), name);
  document.title = `${name} · AI cache`;
  const [state, tone] = stateOf(info);
  setPill(byId('health', HTMLElement), state, tone);
  const keyVersion = `namespace ${namespace}, version ${version}`;
  setText(byId('facts', HTMLElement), `${keyVersion} · up ${formatSeconds(Math.floor(uptimeSeconds))}`);
  setText(byId('about', HTMLElement), `${own.name} ${own.version}`);
}

/** The page cannot tell how the cache is now. */
export function showUnknownHealth(): void {
  setPill(byId('health', HTMLElement), 'Not known', 'warn');
}

function stateOf({ enabled, mode, tiers: { redis } }: CacheInfo): [text: string, tone: Tone] {
  if (!enabled) return ['Switched off', 'warn'];
  const isDegraded = redis !== false && (redis.breaker !== 'closed' || !['ready', 'idle'].includes(redis.state));
  if (isDegraded) return ['Degraded: without Redis', 'bad'];
  return mode === 'shadow' ? ['Shadow: serves nothing yet', 'warn'] : ['Healthy', 'good'];
}
