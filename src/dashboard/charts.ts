import type { HistorySlot } from '../telemetry/performance-history.ts';
import { Chart } from './chart.ts';
import { ChartTables } from './chart-tables.ts';
import { byId, el } from './dom.ts';
import { formatCount, formatMs, formatPercent } from './format.ts';
import { colourOf, LATENCIES, RESULT_NAMES, RESULTS, themeColour } from './results.ts';
import type { View } from './view.ts';

/** Largest first: each bar covers all but the topmost part of the one before it. */
const STACK = RESULTS.toReversed();

/** The three drawings over time, their legends and their tables. */
export class Charts {
  readonly #tables = new ChartTables();
  readonly #requests = new Chart({
    host: byId('requests-chart', HTMLElement),
    scale: 'count',
    formatY: (value) => (Number.isInteger(value) ? formatCount(value) : ''),
    series: STACK.map((result) => ({ colour: () => colourOf(result), fill: () => colourOf(result), bars: true })),
    describe: (index) =>
      RESULTS.flatMap((result) => {
        const count = this.#slot(index)?.byResult[result]?.count ?? 0;
        return count === 0 ? [] : [[RESULT_NAMES[result], formatCount(count)] as const];
      }),
  });
  readonly #ratio = new Chart({
    host: byId('ratio-chart', HTMLElement),
    scale: 'share',
    formatY: (value) => `${Math.round(value * 100)} %`,
    series: [{ colour: () => themeColour('--hit'), fill: () => `${themeColour('--hit')}22` }],
    describe: (index) => [['Hit ratio', formatPercent(this.#slot(index)?.hitRatio ?? null)]],
  });
  readonly #latency = new Chart({
    host: byId('latency-chart', HTMLElement),
    scale: 'log',
    // In seconds however many: minutes and seconds have no room beside the drawing.
    formatY: (ms) => (ms < 1_000 ? formatMs(ms) : `${formatCount(ms / 1_000)} s`),
    series: LATENCIES.map(({ result, percentile }) => ({
      colour: () => colourOf(result),
      ...(percentile === 'p95Ms' ? { dash: [5, 4] } : {}),
    })),
    describe: (index) =>
      LATENCIES.flatMap(({ result, percentile, name }) => {
        const times = this.#slot(index)?.byResult[result];
        return times === undefined ? [] : [[name, formatMs(times[percentile])] as const];
      }),
  });
  #view: View | undefined;

  constructor() {
    showLatencyLegend();
  }

  show(view: View): void {
    this.#view = view;
    const frame = frameOf(view);
    const over = `over ${view.name}`;
    const figures = 'The table below has the figures.';
    this.#requests.show({ ...frame, values: stackedCounts(view), summary: requestsSummary(view) });
    this.#ratio.show({
      ...frame,
      values: [view.slots.map(({ requests }) => requests.hitRatio)],
      summary: `Hit ratio ${over}. ${figures}`,
    });
    this.#latency.show({
      ...frame,
      values: LATENCIES.map(({ result, percentile }) =>
        view.slots.map(({ requests: { byResult } }) => byResult[result]?.[percentile] || null),
      ),
      summary: `Latency of hits and misses ${over}, median and 95th percentile. ${figures}`,
    });
    showRequestsLegend(view);
    this.#tables.show(view);
  }

  #slot(index: number): HistorySlot['requests'] | undefined {
    return this.#view?.slots[index]?.requests;
  }
}

function frameOf(view: View): { from: number; to: number; times: readonly number[]; emptyText: string | undefined } {
  const isEmpty = view.slots.every(({ requests }) => requests.count === 0);
  return {
    from: view.from,
    to: view.to,
    times: view.times,
    emptyText: isEmpty ? `No requests in ${view.name}` : undefined,
  };
}

/** For each result of `STACK` the sum of it and all that are drawn below it. */
function stackedCounts({ slots }: View): number[][] {
  return STACK.map((_, place) =>
    slots.map(({ requests: { byResult } }) =>
      STACK.slice(place).reduce((sum, result) => sum + (byResult[result]?.count ?? 0), 0),
    ),
  );
}

function countsOf({ slots }: View): (readonly [result: (typeof RESULTS)[number], count: number])[] {
  return RESULTS.map((result) => [
    result,
    slots.reduce((sum, { requests }) => sum + (requests.byResult[result]?.count ?? 0), 0),
  ]);
}

function requestsSummary(view: View): string {
  const parts = countsOf(view).map(([result, count]) => `${RESULT_NAMES[result]} ${formatCount(count)}`);
  return `Requests by result over ${view.name}: ${parts.join(', ')}.`;
}

function showRequestsLegend(view: View): void {
  const items = countsOf(view).map(([result, count]) =>
    el(
      'li',
      {},
      el('span', { class: 'swatch', 'data-result': result, 'aria-hidden': 'true' }),
      el('span', {}, RESULT_NAMES[result]),
      el('b', {}, formatCount(count)),
    ),
  );
  byId('requests-legend', HTMLUListElement).replaceChildren(...items);
}

function showLatencyLegend(): void {
  const items = LATENCIES.map(({ result, percentile, name }) => {
    const look = percentile === 'p95Ms' ? 'swatch dashed' : 'swatch';
    return el('li', {}, el('span', { class: look, 'data-result': result, 'aria-hidden': 'true' }), name);
  });
  byId('latency-legend', HTMLUListElement).replaceChildren(...items);
}
