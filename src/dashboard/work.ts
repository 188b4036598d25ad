import type { CacheInfo } from '../stats/inspectable.ts';
import type { PerformanceSnapshot } from '../telemetry/performance-snapshot.ts';
import { byId, el, factList, meter, setPill } from './dom.ts';
import { formatBytes, formatCount, formatMs, formatPercent, formatTimeWithSeconds } from './format.ts';
import { meaningOf } from './reasons.ts';
import { headline } from './tiers.ts';
import { lengthOf } from './view.ts';

/** What the cache spends its time on: compression, keys, fills. */
export function showWork({ compression }: CacheInfo, performance: PerformanceSnapshot): void {
  showCompression(compression, performance);
  showKeysAndFills(performance);
}

function showCompression(config: CacheInfo['compression'], { compression, window }: PerformanceSnapshot): void {
  const place = byId('compression', HTMLElement);
  const pill = byId('compression-state', HTMLElement);
  if (config === false) {
    setPill(pill, 'Off');
    place.replaceChildren(el('p', { class: 'muted' }, 'Bodies are kept as they are.'));
    return;
  }
  const { algorithm, level, thresholdBytes } = config;
  const { count, rawBytes, storedBytes, bytesSaved, ratio, compress, decompress } = compression;
  const [coded, decoded] = [compress[algorithm], decompress[algorithm]];
  setPill(pill, `${algorithm} ${level}`);
  place.replaceChildren(
    ratio === null
      ? headline('–', `nothing compressed in the last ${lengthOf(window.seconds)}`)
      : headline(`${formatPercent(1 - ratio)} smaller`, `${formatBytes(rawBytes)} became ${formatBytes(storedBytes)}`),
    meter(ratio === null ? 0 : 1 - ratio, { long: true }),
    factList([
      ['Bodies compressed', formatCount(count)],
      ['Bytes saved', formatBytes(Math.max(0, bytesSaved))],
      ['Compress p50 / p95', coded && `${formatMs(coded.p50Ms)} / ${formatMs(coded.p95Ms)}`],
      ['Decompress p50 / p95', decoded && `${formatMs(decoded.p50Ms)} / ${formatMs(decoded.p95Ms)}`],
      ['Only from', formatBytes(thresholdBytes)],
    ]),
  );
}

function showKeysAndFills({ keyGeneration: keys, fills, memory }: PerformanceSnapshot): void {
  setPill(
    byId('work-state', HTMLElement),
    fills.active === 0 ? 'No fill running' : `${formatCount(fills.active)} running`,
    fills.active === 0 ? 'plain' : 'good',
  );
  byId('work', HTMLElement).replaceChildren(
    headline(formatCount(fills.active), fills.active === 1 ? 'fill in progress' : 'fills in progress'),
    factList([
      ['Fills', formatCount(fills.count)],
      ['Fills that failed', formatCount(fills.errors)],
      ['Fill p50 / p95', fills.count === 0 ? undefined : `${formatMs(fills.p50Ms)} / ${formatMs(fills.p95Ms)}`],
      ['Keys made', formatCount(keys.count)],
      ['Key p50 / p95', keys.count === 0 ? undefined : `${formatMs(keys.p50Ms)} / ${formatMs(keys.p95Ms)}`],
      ['Characters a key, mean', keys.count === 0 ? undefined : formatCount(Math.round(keys.meanTextLength))],
      ['Process memory', formatBytes(memory.process.rssBytes)],
    ]),
  );
}

export function showUncached({ requests, window }: PerformanceSnapshot): void {
  const reasons = [
    ...Object.entries(requests.bypassReasons).map(([reason, count]) => ({ reason, count, kind: 'bypass' })),
    ...Object.entries(requests.notStoredReasons).map(([reason, count]) => ({ reason, count, kind: 'not stored' })),
  ].toSorted((a, b) => b.count - a.count);
  const items = reasons.map(({ reason, count, kind }) => {
    const meaning = meaningOf(reason);
    return el(
      'li',
      {},
      el('span', { class: 'what' }, reason, ' ', el('span', { class: 'muted' }, kind)),
      el('b', {}, formatCount(count)),
      ...(meaning === undefined ? [] : [el('span', { class: 'why' }, meaning)]),
    );
  });
  const none = el('p', { class: 'empty' }, `Nothing was left out in the last ${lengthOf(window.seconds)}.`);
  byId('uncached', HTMLElement).replaceChildren(items.length === 0 ? none : el('ul', { class: 'list' }, ...items));
}

export function showErrors({ recentErrors }: CacheInfo): void {
  const items = recentErrors.map(({ source, code, message, count, lastAt }) =>
    el(
      'li',
      {},
      el('span', { class: 'what' }, code),
      el(
        'span',
        { class: 'muted' },
        `${count === 1 ? '' : `${formatCount(count)} × · `}${formatTimeWithSeconds(new Date(lastAt))}`,
      ),
      el(
        'span',
        { class: 'why' },
        source === 'handler' ? 'A handler threw or answered with an error.' : (message ?? ''),
      ),
    ),
  );
  const none = el('p', { class: 'empty' }, 'None since the start.');
  byId('errors', HTMLElement).replaceChildren(items.length === 0 ? none : el('ul', { class: 'list' }, ...items));
}
