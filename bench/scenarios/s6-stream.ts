/** S6: a recorded stream again. */
import type { Scenario } from '../bench.ts';
import { everybody } from '../measure/entrants.ts';
import { race } from '../measure/rounds.ts';
import { raceTable } from '../report/race-table.ts';

const id = 's6';
const site = { method: 'POST', promptBytes: 1_024, answerBytes: 0, form: 'stream' } as const;

export const s6: Scenario = {
  id,
  run: async (bench) => [
    raceTable(
      {
        id,
        title: 'S6 replay of a stream of 200 chunks',
        about:
          'The same POST of 1 KB again and again; the answer is a stream of 200 server-sent events, each a write of its own. ' +
          'The reference writes them all at once.',
      },
      await race(bench, { entries: everybody(site) }),
    ),
  ],
};
