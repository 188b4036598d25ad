/** Load by autocannon, where there is no wrk, in a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Generator, Loaded } from './load.ts';

const PROCESS = fileURLToPath(new URL('../peers/autocannon.ts', import.meta.url));
const run = promisify(execFile);

export const autocannon: Generator = {
  name: 'autocannon',
  run: async (plan, onCore) => {
    const [command, args] = onCore('load', process.execPath, [PROCESS, JSON.stringify(plan)]);
    const { stdout } = await run(command, args);
    return JSON.parse(stdout) as Loaded;
  },
};
