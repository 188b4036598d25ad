import type { PerformanceSnapshot } from '../telemetry/performance-snapshot.ts';
import { byId, el, fillTable, setText } from './dom.ts';
import { formatCount, formatMs } from './format.ts';
import { RESULT_NAMES, RESULTS } from './results.ts';
import { lengthOf } from './view.ts';

/** Percentiles of the window for each result that occurred, and how much sooner a hit is there than a miss. */
export function showLatencies({ requests: { byResult }, window }: PerformanceSnapshot): void {
  const rows = RESULTS.flatMap((result) => {
    const times = byResult[result];
    if (times === undefined) return [];
    const swatch = el('span', { class: 'swatch', 'data-result': result, 'aria-hidden': 'true' });
    const name = el('span', {}, swatch, ` ${RESULT_NAMES[result]}`);
    return [[name, formatCount(times.count), formatMs(times.p50Ms), formatMs(times.p95Ms), formatMs(times.p99Ms)]];
  });
  const table = byId('percentiles', HTMLTableElement);
  const empty = byId('percentiles-empty', HTMLElement);
  fillTable(table, ['Result', 'Count', 'p50', 'p95', 'p99'], rows);
  table.hidden = rows.length === 0;
  empty.hidden = rows.length > 0;
  setText(empty, `No requests in the last ${lengthOf(window.seconds)}`);
  const callout = byId('speedup', HTMLElement);
  const { hit, miss } = byResult;
  const factor = hit !== undefined && miss !== undefined && hit.p50Ms > 0 ? miss.p50Ms / hit.p50Ms : 0;
  callout.hidden = factor < 1.5;
  const shown = factor < 10 ? factor.toFixed(1) : formatCount(Math.round(factor));
  setText(callout, `A typical hit is ${shown} times as fast as a typical miss.`);
}
