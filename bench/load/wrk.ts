/** Load by wrk, with a script that takes any request and can number them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Generator, Loaded, Plan } from './load.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const run = promisify(execFile);

export const wrk: Generator = {
  name: 'wrk',
  run: async (plan, onCore) => {
    const directory = mkdtempSync(join(tmpdir(), 'ai-cache-bench-'));
    try {
      const [command, args] = onCore('load', 'wrk', argumentsFor(plan, join(directory, 'body')));
      const { stdout } = await run(command, args);
      return read(stdout);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function argumentsFor({ port, asked, connections, seconds, numbers }: Plan, bodyFile: string): string[] {
  const { method, path, headers, body } = asked;
  if (body !== undefined) writeFileSync(bodyFile, body);
  const { from, count } = numbers ?? { from: 0, count: 1 };
  // It takes whole seconds.
  const how = ['-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '-s', SCRIPT];
  const what = [method, path, body === undefined ? '-' : bodyFile, `${from}`, `${count}`];
  return [...how, `http://127.0.0.1:${port}`, '--', ...what, ...Object.entries(headers).flat()];
}

function read(output: string): Loaded {
  const [, requests, micros, errors] = /^measured (\d+) (\d+) (\d+)$/m.exec(output) ?? [];
  if (requests === undefined) throw new Error(`wrk measured nothing:\n${output}`);
  return { requests: Number(requests), seconds: Number(micros) / 1e6, errors: Number(errors) };
}
