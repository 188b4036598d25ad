import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import type { RedisTierInfo } from '../../src/stats/inspectable.ts';
import { ask, askInTurn, type Answer, type Sent } from './ask.ts';

/** What an app in a process of its own is made with; goes there as JSON. */
export interface AppOptions {
  readonly major?: 4 | 5;
  readonly cache?: AIResponseCacheOptions;
  readonly route?: AIRouteOptions;
}

/** An app that answers `{ pid, run, asked }`, and 5 000 bytes at `/bytes`, through its own cache. */
export interface AppProcess {
  readonly port: number;
  readonly pid: number;
  ask(sent?: Sent): Promise<Answer>;
  askInTurn(...sent: Sent[]): Promise<Answer[]>;
  /** How often its handler ran, the codes of the errors of its cache, and what it says of Redis. */
  state(): Promise<{ runs: number; errors: string[]; redis: false | RedisTierInfo }>;
  /** Closes the cache, then the server; resolves when the process has ended by itself. */
  close(): Promise<{ exitCode: number | null; stderr: string }>;
}

const CHILD = fileURLToPath(new URL('app-child.ts', import.meta.url));

/** Starts an app; it ends with the test, and with this process. */
export async function startApp(options: AppOptions): Promise<AppProcess> {
  const child = spawn(process.execPath, [CHILD], { env: { ...process.env, APP_OPTIONS: JSON.stringify(options) } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const port = await Promise.race([
    once(child.stdout, 'data').then(([line]) => Number(String(line))),
    ended.then(() => Promise.reject(new Error(`the app ended before it listened:\n${stderr}`))),
  ]);
  return {
    port,
    pid: child.pid ?? 0,
    ask: (sent) => ask(port, sent),
    askInTurn: (...sent) => askInTurn(port, sent),
    state: async () =>
      JSON.parse((await ask(port, { path: '/control/state' })).text) as Awaited<ReturnType<AppProcess['state']>>,
    close: async () => {
      await ask(port, { method: 'POST', path: '/control/close' });
      const [exitCode] = (await ended) as [number | null];
      return { exitCode, stderr };
    },
  };
}
