import { OTHER } from './names.ts';

/** Something that adds up, and can take in another of its kind. */
export interface Mergeable<Self> {
  add(other: Self): void;
}

export class Count implements Mergeable<Count> {
  value = 0;

  add(other: Count): void {
    this.value += other.value;
  }
}

const MAX_ROWS = 64;

/** Rows by label, made when first asked for; beyond `maxRows` labels all others share the row `other`. */
export class Table<Row extends Mergeable<Row>> implements Mergeable<Table<Row>> {
  readonly #rows = new Map<string, Row>();
  readonly #makeRow: () => Row;
  readonly #maxRows: number;

  constructor(makeRow: () => Row, maxRows: number = MAX_ROWS) {
    this.#makeRow = makeRow;
    this.#maxRows = maxRows;
  }

  row(label: string): Row {
    return this.#rows.get(label) ?? this.#newRow(label);
  }

  add(other: Table<Row>): void {
    for (const [label, row] of other.#rows) this.row(label).add(row);
  }

  /** The rows as a plain object, each turned into what `show` makes of it. */
  show<Shown>(show: (row: Row) => Shown): Record<string, Shown> {
    return Object.fromEntries(Array.from(this.#rows, ([label, row]) => [label, show(row)]));
  }

  #newRow(label: string): Row {
    const kept = this.#rows.size < this.#maxRows ? label : OTHER;
    const row = this.#rows.get(kept) ?? this.#makeRow();
    this.#rows.set(kept, row);
    return row;
  }
}
