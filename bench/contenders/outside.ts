/** A caching proxy in a process of its own, in front of the reference's app. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutsideServer } from '../contender.ts';
import type { Site } from '../site.ts';

export interface Proxy {
  readonly program: string;
  /** Writes what it needs into the directory; returns its arguments, with which it stays in the foreground. */
  configure(directory: string, port: number, originPort: number): string[];
}

/** Of every proxy that keeps answers in its own memory. */
export function whyNoProxy(program: string, versionFlag: string, { redis, maxEntries }: Site): string | undefined {
  if (spawnSync(program, [versionFlag]).error !== undefined) return `${program} is not installed here`;
  if (redis !== undefined) return 'it keeps its answers itself, not in Redis';
  return maxEntries === undefined ? undefined : 'its bound is in bytes';
}

export async function startProxy({ program, configure }: Proxy, app: RequestListener): Promise<OutsideServer> {
  const directory = mkdtempSync(join(tmpdir(), 'ai-cache-bench-'));
  const origin = await listening(createServer(app));
  const port = await freePort();
  const child = spawn(program, configure(directory, port, portOf(origin)), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = (): void => {
    // Its workers outlive it, and are nobody's children then.
    const workers = childrenOf(child);
    child.kill('SIGKILL');
    for (const pid of workers) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  // The parent may die first.
  process.once('exit', stop);
  await untilAnswering(port, child, () => said);
  return {
    port,
    cpuMicros: () => [child.pid ?? 0, ...childrenOf(child)].reduce((sum, pid) => sum + cpuOf(pid), 0),
    stop,
  };
}

async function untilAnswering(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended: ${said()}`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} does not answer: ${said()}`);
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1', 1_024);
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = await listening(createServer());
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

function childrenOf({ pid = 0 }: ChildProcess): number[] {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return listed === '' ? [] : listed.split(' ').map(Number);
  } catch {
    // It has ended.
    return [];
  }
}

/** The kernel counts in hundredths of a second, whatever its own clock. */
const TICK_MICROS = 10_000;

function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}
