/** A real redis-server for one suite: on a unix socket in a fresh directory, without a TCP port, without persistence. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface RedisServer {
  /** The unix socket. */
  readonly path: string;
  /** What the cache's `redis` option and ioredis take: the socket's path. */
  readonly url: string;
  /** Kills the server and removes its directory. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would be; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts the server again, empty, on the same socket. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. Returns when the process has stopped. */
  pause(): void;
  resume(): void;
  /** Runs one command through redis-cli; resolves to what it printed, rejects on an error reply. */
  cli(...args: string[]): Promise<string>;
}

const run = promisify(execFile);

/**
 * Starts a server that answers when this resolves. `args` are added to the command line, e.g. `['--maxmemory', '2mb']`.
 * It dies with the process that started it, however that process ends.
 */
export async function startRedis({ args = [] }: { args?: readonly string[] } = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ai-cache-redis-'));
  const path = join(directory, 'redis.sock');
  const pidFile = join(directory, 'pid');
  const watchdog = startWatchdog(directory, pidFile);
  let server: ChildProcess | undefined;

  const running = (): ChildProcess & { pid: number } => {
    if (server?.pid === undefined) throw new Error('This redis-server is not running.');
    return server as ChildProcess & { pid: number };
  };

  const start = async (): Promise<void> => {
    if (server !== undefined) throw new Error('This redis-server is running already.');
    server = await launch(directory, path, args);
    writeFileSync(pidFile, String(server.pid));
  };

  const kill = async (): Promise<void> => {
    if (server === undefined) return;
    const dying = server;
    server = undefined;
    rmSync(pidFile, { force: true });
    const gone = dying.exitCode === null && dying.signalCode === null ? once(dying, 'exit') : undefined;
    dying.kill('SIGKILL');
    await gone;
  };

  const stop = async (): Promise<void> => {
    await kill();
    watchdog.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };

  const pause = (): void => {
    const { pid } = running();
    process.kill(pid, 'SIGSTOP');
    waitUntilStopped(pid);
  };

  const resume = (): void => {
    process.kill(running().pid, 'SIGCONT');
  };

  const cli = async (...command: string[]): Promise<string> => {
    const { stdout } = await run('redis-cli', ['-e', '-s', path, ...command], { timeout: 10_000, maxBuffer: 64 << 20 });
    return stdout.replace(/\n$/, '');
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { path, url: path, stop, kill, start, pause, resume, cli };
}

async function launch(directory: string, path: string, extra: readonly string[]): Promise<ChildProcess> {
  const where = ['--port', '0', '--unixsocket', path, '--unixsocketperm', '700', '--dir', directory];
  const server = spawn('redis-server', [...where, '--save', '', '--appendonly', 'no', ...extra], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = Promise.withResolvers<void>();
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    if (/ready to accept connections/i.test(output)) ready.resolve();
  };
  server.stdout.on('data', read);
  server.stderr.on('data', read);
  server.once('error', ready.reject);
  server.once('exit', (code) => {
    ready.reject(new Error(`redis-server ended with ${code} before it was ready:\n${output}`));
  });
  await ready.promise;
  server.stdout.off('data', read).resume();
  server.stderr.off('data', read).resume();
  return server;
}

/** A shell whose input ends when this process does, by whatever death; then it kills the server and removes its directory. */
function startWatchdog(directory: string, pidFile: string): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$(cat "$2")" 2>/dev/null; rm -rf "$1"';
  const watchdog = spawn('sh', ['-c', script, 'sh', directory, pidFile], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  (watchdog.stdin as Socket).unref();
  return watchdog;
}

/** A signal is delivered some time after kill() returns: a command sent at once could still be answered. */
function waitUntilStopped(pid: number): void {
  if (process.platform !== 'linux') return;
  const stopped = (): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  for (let reads = 0; !stopped(); reads += 1) {
    if (reads > 1_000_000) throw new Error('redis-server did not stop on SIGSTOP.');
  }
}
