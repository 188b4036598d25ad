import { byId, el, fillTable } from './dom.ts';
import { formatCount, formatMs, formatPercent, formatTime } from './format.ts';
import { LATENCIES, RESULT_NAMES, RESULTS } from './results.ts';
import type { View } from './view.ts';

type Slots = View['slots'];

interface TableOfChart {
  /** Of the place in the page. */
  readonly id: string;
  readonly head: readonly string[];
  readonly rowOf: (slot: Slots[number]) => readonly string[];
}

const TABLES: readonly TableOfChart[] = [
  {
    id: 'requests-data',
    head: RESULTS.map((result) => RESULT_NAMES[result]),
    rowOf: ({ requests: { byResult } }) => RESULTS.map((result) => formatCount(byResult[result]?.count ?? 0)),
  },
  { id: 'ratio-data', head: ['Hit ratio'], rowOf: ({ requests }) => [formatPercent(requests.hitRatio)] },
  {
    id: 'latency-data',
    head: LATENCIES.map(({ name }) => name),
    rowOf: ({ requests: { byResult } }) =>
      LATENCIES.map(({ result, percentile }) => {
        const times = byResult[result];
        return times === undefined ? '–' : formatMs(times[percentile]);
      }),
  },
];

/** The figures of the drawings for those who do not see them; made only while a table is open. */
export class ChartTables {
  /** Slots in which something happened, the latest first. */
  #slots: Slots = [];

  constructor() {
    for (const table of TABLES) detailsOf(table).addEventListener('toggle', () => this.#draw(table));
  }

  show({ slots }: View): void {
    this.#slots = slots.filter(({ requests }) => requests.count > 0).toReversed();
    for (const table of TABLES) this.#draw(table);
  }

  #draw(chart: TableOfChart): void {
    if (!detailsOf(chart).open) return;
    const table = el('table');
    const rows = this.#slots.map((slot) => [formatTime(new Date(slot.from)), ...chart.rowOf(slot)]);
    fillTable(table, ['Time', ...chart.head], rows);
    byId(chart.id, HTMLElement).replaceChildren(table);
  }
}

function detailsOf({ id }: TableOfChart): HTMLDetailsElement {
  const details = byId(id, HTMLElement).closest('details');
  if (details === null) throw new Error(`The table ${id} is not in a details element.`);
  return details;
}
