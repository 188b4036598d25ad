/** S7: what a cache costs where nothing is ever asked twice. */
import type { Scenario } from '../bench.ts';
import { everybody } from '../measure/entrants.ts';
import { race, type Race } from '../measure/rounds.ts';
import { raceTable } from '../report/race-table.ts';

const site = { method: 'POST', promptBytes: 1_024, answerBytes: 4_096, form: 'json' } as const;
/** More than a round can ask. */
const MANY = 10_000_000;
const numbers: NonNullable<Race['numbers']> = (_entry, round) => ({ from: round * MANY, count: MANY });
const about = 'POSTs of 1 KB, no two of them equal; the answers have 4 KB. Every request runs the handler.';

function distinct(id: string, where: string, redis: boolean): Scenario {
  const race7 = { entries: everybody(site, { redis }), numbers, isProbedElsewhere: true, missesAll: true };
  const title = `S7 distinct prompts, ${where}`;
  return { id, run: async (bench) => [raceTable({ id, title, about }, await race(bench, race7))] };
}

export const s7memory = distinct('s7-memory', 'stored in memory', false);
export const s7redis = distinct('s7-redis', 'stored in Redis', true);
