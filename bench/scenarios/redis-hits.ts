/** S4: hits in Redis, with no memory tier in front. */
import type { Scenario } from '../bench.ts';
import { everybody } from '../measure/entrants.ts';
import { race } from '../measure/rounds.ts';
import { raceTable } from '../report/race-table.ts';
import type { Site } from '../site.ts';

const POST = { method: 'POST', promptBytes: 1_024, form: 'json' } as const;

function redisHit(id: string, title: string, about: string, site: Site, isProbedElsewhere = false): Scenario {
  const entries = everybody(site, { redis: true });
  const asked = { entries, isProbedElsewhere };
  return { id, run: async (bench) => [raceTable({ id, title, about }, await race(bench, asked))] };
}

export const s4small = redisHit(
  's4-4k',
  'S4 POST hit in Redis, 4 KB',
  'The same POST of 1 KB again and again, every answer of 4 KB read from Redis; the client takes brotli.',
  { ...POST, answerBytes: 4_096, acceptEncoding: 'br' },
);

export const s4large = redisHit(
  's4-64k',
  'S4 POST hit in Redis, 64 KB',
  'The same POST of 1 KB again and again, every answer of 64 KB read from Redis; the client takes brotli.',
  { ...POST, answerBytes: 65_536, acceptEncoding: 'br' },
);

export const s4identity = redisHit(
  's4-64k-identity',
  'S4 POST hit in Redis, 64 KB, plain',
  'As before, for a client that takes no coding.',
  { ...POST, answerBytes: 65_536 },
  true,
);
