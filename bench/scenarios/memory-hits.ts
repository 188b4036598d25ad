/** S1 to S3: hits in memory. */
import type { Scenario } from '../bench.ts';
import { everybody } from '../measure/entrants.ts';
import { race } from '../measure/rounds.ts';
import { raceTable } from '../report/race-table.ts';
import type { Site } from '../site.ts';

function memoryHit(id: string, title: string, about: string, site: Site, telemetry: boolean): Scenario {
  return {
    id,
    run: async (bench) => [
      raceTable({ id, title, about }, await race(bench, { entries: everybody(site, { telemetry }) })),
    ],
  };
}

export const s1 = memoryHit(
  's1',
  'S1 GET hit in memory, 2 KB',
  'The same GET again and again; the answer has 2 KB.',
  { method: 'GET', promptBytes: 0, answerBytes: 2_048, form: 'json' },
  true,
);

export const s2 = memoryHit(
  's2',
  'S2 POST hit in memory, 1 KB prompt, 4 KB answer',
  'The same POST of 1 KB of JSON again and again; the answer has 4 KB.',
  { method: 'POST', promptBytes: 1_024, answerBytes: 4_096, form: 'json' },
  true,
);

export const s3 = memoryHit(
  's3',
  'S3 POST hit in memory, 20 KB prompt, 20 KB answer',
  'The same POST of 20 KB of JSON again and again; the answer has 20 KB.',
  { method: 'POST', promptBytes: 20_480, answerBytes: 20_480, form: 'json' },
  false,
);
