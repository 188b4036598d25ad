import type { Figures } from './api.ts';
import { byId, el, setText } from './dom.ts';
import { formatCount, formatDate, formatPercent, formatSeconds, formatTokens, formatUsd } from './format.ts';
import { sparkline } from './sparkline.ts';
import { lengthOf, type View } from './view.ts';

interface Tile {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly line: SVGSVGElement;
}

/** The totals since the start, each with what the window adds to the picture. */
export function showTiles(figures: Figures, view: View): void {
  setText(byId('totals-title', HTMLElement), titleOf(figures));
  const tiles = tilesOf(figures, view).map(({ id, name, value, note, line }) =>
    el(
      'div',
      { class: 'tile', id: `tile-${id}` },
      el('dt', {}, name),
      el('dd', { class: 'value' }, value),
      el('dd', { class: 'note' }, note),
      el('dd', { 'aria-hidden': 'true' }, line),
    ),
  );
  byId('tiles', HTMLDListElement).replaceChildren(...tiles);
}

function titleOf({ info, scope }: Figures): string {
  if (scope === 'cluster') return 'Totals of all processes; notes, charts and tables of times are of this one';
  return `Totals of this process since ${formatDate(new Date(info.startedAt))}`;
}

function tilesOf({ stats, performance }: Figures, { slots: all }: View): Tile[] {
  const { hits, misses, stale, coalesced, bypassed, errors, hitRatio, saved } = stats;
  const requests = hits + misses + stale + coalesced + bypassed + errors;
  const { requests: window, savings } = performance;
  const name = `the last ${lengthOf(performance.window.seconds)}`;
  // The slot that still runs would look like a fall.
  const slots = all.length > 2 ? all.slice(0, -1) : all;
  const unpriced = saved.unknown === 0 ? '' : ` · ${formatCount(saved.unknown)} without a price`;
  return [
    {
      id: 'ratio',
      name: 'Hit ratio',
      value: formatPercent(hitRatio),
      note: window.hitRatio === null ? `nothing in ${name}` : `${formatPercent(window.hitRatio)} in ${name}`,
      line: sparkline(
        slots.map((slot) => slot.requests.hitRatio),
        1,
      ),
    },
    {
      id: 'requests',
      name: 'Requests',
      value: formatCount(requests),
      note: `${formatCount(window.count)} in ${name}`,
      line: sparkline(slots.map((slot) => slot.requests.count)),
    },
    {
      id: 'usd',
      name: 'Money saved',
      value: formatUsd(saved.usd),
      note: `${formatUsd(savings.usd)} in ${name}${unpriced}`,
      line: sparkline(slots.map((slot) => slot.savings.usd)),
    },
    {
      id: 'tokens',
      name: 'Tokens saved',
      value: formatTokens(saved.inputTokens + saved.outputTokens),
      note: `${formatTokens(saved.inputTokens)} in · ${formatTokens(saved.outputTokens)} out`,
      line: sparkline(slots.map((slot) => slot.savings.inputTokens + slot.savings.outputTokens)),
    },
    {
      id: 'seconds',
      name: 'Time saved',
      value: formatSeconds(saved.seconds),
      note: `${formatSeconds(savings.seconds)} in ${name}`,
      line: sparkline(slots.map((slot) => slot.savings.seconds)),
    },
  ];
}
