/** The machine's Prometheus, where it has one: it scrapes the app and evaluates the rules of `dashboards/rules`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Prometheus {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The instant query's series now, each with its labels and its value. */
  query(expression: string): Promise<Series[]>;
  stop(): Promise<void>;
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

const RULES = join(import.meta.dirname, '../../dashboards/rules/*.rules.yml');
const PATIENCE_MS = 20_000;

/** Is there one on the PATH? */
export function hasPrometheus(): boolean {
  return spawnSync('prometheus', ['--version']).status === 0;
}

/** Starts a Prometheus with its data in a temporary directory; `targets` are `host:port` with a `/metrics`. */
export async function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'ai-cache-prometheus-'));
  const port = await freePort();
  const config = join(directory, 'prometheus.json');
  await writeFile(config, JSON.stringify(configuration(targets)));
  const child = spawn(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + PATIENCE_MS;
  // oxlint-disable-next-line no-await-in-loop -- asked again until it is ready
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      // oxlint-disable-next-line no-await-in-loop -- the last thing that is done
      await stop();
      throw new Error(`Prometheus did not start:\n${output}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- see above
    await sleep(50);
  }
  return { url, query: (expression) => queryAt(url, expression), stop };
}

/** As JSON, which is YAML too. */
function configuration(targets: readonly string[]): object {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'app', static_configs: [{ targets }] }],
  };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function queryAt(url: string, expression: string): Promise<Series[]> {
  const answer = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  });
  const { data, error } = (await answer.json()) as {
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    error?: string;
  };
  if (data === undefined) throw new Error(`Prometheus refused ${expression}: ${error}`);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
