/** The observability example in a process of its own, as `npm run example:observability` starts it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const directory = join(root, 'examples/observability');
const program = [
  '--conditions=@express-ai-cache/source',
  '--import',
  join(directory, 'telemetry.ts'),
  join(directory, 'main.ts'),
];

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts it with nothing in its environment but `PATH` and what is given. */
export function startExample(env: Record<string, string> = {}, args: readonly string[] = []): ChildProcess {
  const { PATH } = process.env;
  return spawn(process.execPath, [...program, ...args], { cwd: root, env: { PATH, ...env }, stdio: 'pipe' });
}

/** Runs it to its end. */
export async function runExample(env: Record<string, string> = {}, args: readonly string[] = ['--exit']): Promise<Run> {
  const child = startExample(env, args);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
