/** S10: what entries take in Redis, how fast many are written, and what a hit saves an app. */
import type { Scenario } from '../bench.ts';
import { codings } from './s10-codings.ts';
import { emulated } from './s10-emulator.ts';
import { writes } from './s10-writes.ts';

export const s10: Scenario = {
  id: 's10',
  run: async (bench) => [await codings(bench), await writes(bench), await emulated(bench)],
};
