import type { CacheInfo, MemoryTierInfo, RedisTierInfo } from '../stats/inspectable.ts';
import type { PerformanceSnapshot } from '../telemetry/performance-snapshot.ts';
import { byId, el, factList, meter, setPill, type Child, type Tone } from './dom.ts';
import { formatBytes, formatCount, formatMs, formatPercent } from './format.ts';

/** What the tiers hold and how they do. */
export function showTiers({ tiers }: CacheInfo, performance: PerformanceSnapshot): void {
  show(
    'memory',
    tiers.memory === false ? off('This cache keeps nothing in memory.') : memoryCard(tiers.memory, performance),
  );
  show(
    'redis',
    tiers.redis === false
      ? off(
          'Entries are in this process alone. Say with the option redis where Redis is, and all processes share them.',
        )
      : redisCard(tiers.redis, performance),
  );
}

interface Card {
  readonly state: string;
  readonly tone: Tone;
  readonly content: readonly Child[];
}

function show(id: 'memory' | 'redis', { state, tone, content }: Card): void {
  setPill(byId(`${id}-state`, HTMLElement), state, tone);
  byId(id, HTMLElement).replaceChildren(...content);
}

function off(text: string): Card {
  return { state: 'Off', tone: 'plain', content: [el('p', { class: 'muted' }, text)] };
}

function memoryCard(
  { entries, usedBytes, limitBytes, maxEntries }: MemoryTierInfo,
  performance: PerformanceSnapshot,
): Card {
  const share = usedBytes / limitBytes;
  const { capacity = 0, expired = 0, invalidated = 0 } = performance.evictions.memory ?? {};
  return {
    state: capacity > 0 ? 'Evicting' : 'Room left',
    tone: capacity > 0 ? 'warn' : 'good',
    content: [
      headline(formatBytes(usedBytes), `of ${formatBytes(limitBytes)}, ${formatPercent(share)}`),
      meter(share, { long: true, tone: capacity > 0 ? 'warn' : 'plain' }),
      factList([
        ['Entries', `${formatCount(entries)} of ${formatCount(maxEntries)}`],
        ['Evicted for room', formatCount(capacity)],
        ['Left expired', formatCount(expired)],
        ['Invalidated', formatCount(invalidated)],
        ...operations(performance, 'memory'),
      ]),
    ],
  };
}

const STATES: Readonly<Record<RedisTierInfo['state'], readonly [text: string, tone: Tone]>> = {
  idle: ['Not used yet', 'plain'],
  connecting: ['Connecting', 'warn'],
  ready: ['Ready', 'good'],
  reconnecting: ['Away', 'bad'],
  closed: ['Closed', 'bad'],
};

function redisCard(redis: RedisTierInfo, performance: PerformanceSnapshot): Card {
  const { breaker, serverVersion, usedMemoryBytes: used, maxMemoryBytes: most, maxMemoryPolicy } = redis;
  const [state, tone] = breaker === 'closed' ? STATES[redis.state] : (['Left alone', 'bad'] as const);
  const hasLimit = used !== undefined && most !== undefined && most > 0;
  const limit = hasLimit ? `of ${formatBytes(most)}, ${formatPercent(used / most)}` : 'used by Redis, no limit set';
  return {
    state,
    tone,
    content: [
      used === undefined ? headline('–', 'Redis cannot be asked now') : headline(formatBytes(used), limit),
      ...(hasLimit ? [meter(used / most, { long: true, tone: used / most > 0.9 ? 'warn' : 'plain' })] : []),
      factList([
        [
          'Breaker',
          { closed: 'Closed: calls pass', open: 'Open: no call is made', 'half-open': 'Half open: trying one call' }[
            breaker
          ],
        ],
        ['Version', serverVersion],
        ['When full', maxMemoryPolicy],
        ...operations(performance, 'redis'),
      ]),
    ],
  };
}

function operations(
  { operations: seen }: PerformanceSnapshot,
  tier: 'memory' | 'redis',
): [string, string | undefined][] {
  const { get, put } = seen[tier] ?? {};
  const failed = (get?.errors ?? 0) + (put?.errors ?? 0);
  return [
    ['Get p50 / p95', get && `${formatMs(get.p50Ms)} / ${formatMs(get.p95Ms)}`],
    ['Put p50 / p95', put && `${formatMs(put.p50Ms)} / ${formatMs(put.p95Ms)}`],
    ['Failed operations', failed === 0 ? undefined : formatCount(failed)],
  ];
}

export function headline(value: string, remark: string): HTMLElement {
  return el('p', { class: 'headline' }, value, ' ', el('small', {}, remark));
}
