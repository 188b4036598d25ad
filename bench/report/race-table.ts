/** The table of a race: what a request costs, and how that compares with the bare route of the same round. */
import type { Table } from '../bench.ts';
import { referenceOf, type Measured, type Raced, type Round } from '../measure/rounds.ts';
import { shown, spreadOf } from '../measure/statistics.ts';

export const COLUMNS = [
  'contender',
  'CPU, µs a request',
  '× reference by CPU',
  'CPU more than the reference, µs',
  'requests/s',
  '× reference by requests/s',
  'what it answered',
] as const;

/** `×` above 1 is better than the bare route. */
export function raceTable(about: Pick<Table, 'id' | 'title' | 'about'>, raced: Raced): Table {
  const reference = referenceOf(raced);
  return {
    ...about,
    columns: COLUMNS,
    rows: raced.measured.map((each) => row(each, reference)),
    leftOut: raced.leftOut,
    data: raced.measured,
  };
}

function row(each: Measured, reference: readonly Round[]): string[] {
  const { label, rounds } = each;
  const compared = (compare: (own: Round, bare: Round) => number, digits: number): string =>
    shown(spreadOf(rounds.flatMap((own, index) => (reference[index] ? [compare(own, reference[index])] : []))), digits);
  return [
    label,
    shown(spreadOf(rounds.map(({ cpuMicros }) => cpuMicros)), 1),
    compared((own, bare) => bare.cpuMicros / own.cpuMicros, 2),
    compared((own, bare) => own.cpuMicros - bare.cpuMicros, 1),
    shown(spreadOf(rounds.map(({ perSecond }) => perSecond)), 0),
    compared((own, bare) => own.perSecond / bare.perSecond, 2),
    verdictOf(each),
  ];
}

export function verdictOf({ wrong, caches, kind, rounds }: Omit<Measured, 'label' | 'contender'>): string {
  if (wrong !== undefined) return `**wrong**: ${wrong}`;
  const errors = rounds.reduce((sum, round) => sum + round.errors, 0);
  if (errors > 0) return `**${errors} requests failed** under load`;
  if (kind === 'reference' || kind === 'floor') return 'right';
  return caches ? 'right' : 'right, but the handler ran every time';
}
