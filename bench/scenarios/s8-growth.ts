/** S8: how the cost of a hit grows with what is stored. */
import type { Bench, Scenario, Table } from '../bench.ts';
import { REFERENCE } from '../contenders/index.ts';
import { everybody, type Entrant, type Entry } from '../measure/entrants.ts';
import { race, type Measured, type Raced } from '../measure/rounds.ts';
import { shown, spreadOf } from '../measure/statistics.ts';
import { raceTable } from '../report/race-table.ts';
import { ask, type Site } from '../site.ts';
import { Client } from '../measure/ask.ts';

const id = 's8';
const site: Site = { method: 'POST', promptBytes: 256, answerBytes: 1_024, form: 'json' };
const COUNTS = [10, 1_000, 100_000];
const QUICK_COUNTS = [10, 1_000];
const SMALLEST = 10;
/** Connections that fill a cache. */
const FILLERS = 16;
/** The slowest that does not slow down needs half of it. */
const MAX_FILL_SECONDS = 60;

interface Sized extends Entry {
  readonly entries: number;
}

export const s8: Scenario = {
  id,
  run: async (bench) => {
    const entries = (bench.isQuick ? QUICK_COUNTS : COUNTS).flatMap((count) => sized(count));
    const raced = await race(bench, {
      entries,
      isProbedElsewhere: true,
      numbers: (entry) => ({ from: 0, count: entriesOf(entry) }),
      prepare: (entrant) => fill(bench, entrant),
    });
    return [withGrowth(raced)];
  },
};

function sized(entries: number): Sized[] {
  return everybody(site)
    .filter(({ contender }) => contender !== REFERENCE || entries === SMALLEST)
    .map((entry) => {
      const label = entry.contender === REFERENCE ? REFERENCE : labelOf(entry.contender, entries);
      return { ...entry, entries, label };
    });
}

function labelOf(contender: string, entries: number): string {
  return `${contender}: ${entries.toLocaleString('en')} entries`;
}

function entriesOf(entry: Entry): number {
  return (entry as Sized).entries;
}

/** Every prompt once. Resolves to why not, where that takes too long: a cache may go through all it has for each that is added. */
async function fill({ say }: Bench, entrant: Entrant): Promise<string | undefined> {
  const client = new Client(FILLERS);
  const count = entriesOf(entrant);
  if (count > 1_000) say(`  ${entrant.label}: filling`);
  const endsAt = performance.now() + MAX_FILL_SECONDS * 1_000;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && performance.now() < endsAt) {
      next += 1;
      await client.ask(entrant.child.port, ask(site, next - 1));
    }
  };
  await Promise.all(Array.from({ length: FILLERS }, worker));
  client.close();
  return next < count ? `only ${next} of ${count} answers were stored in ${MAX_FILL_SECONDS} s` : undefined;
}

/** With a column that compares each with itself among ten entries, in the same round. */
function withGrowth(raced: Raced): Table {
  const table = raceTable(
    {
      id,
      title: 'S8 hit among 10, 1 000 and 100 000 entries in memory',
      about: 'POSTs of 256 bytes that go through all prompts in turn, all of them stored; the answers have 1 KB.',
    },
    raced,
  );
  const growth = raced.measured.map((each) => {
    const base = raced.measured.find(({ label }) => label === labelOf(each.contender, SMALLEST));
    return shown(spreadOf(ratios(each, base)), 2);
  });
  const [contender = '', ...others] = table.columns;
  return {
    ...table,
    columns: [contender, '× CPU of 10 entries', ...others],
    rows: table.rows.map(([label = '', ...cells], index) => [label, growth[index] ?? '', ...cells]),
  };
}

function ratios({ rounds }: Measured, base: Measured | undefined): number[] {
  return rounds.flatMap(({ cpuMicros }, index) => {
    const small = base?.rounds[index]?.cpuMicros;
    return small === undefined ? [] : [cpuMicros / small];
  });
}
