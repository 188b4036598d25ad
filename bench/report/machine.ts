/** On what, and with which versions, it was measured. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type, version } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CONTENDERS } from '../contenders/index.ts';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
  readonly node: string;
  readonly redis: string;
  readonly versions: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function thisMachine(): Machine {
  const packages = new Set(CONTENDERS.flatMap((listed) => listed.packages));
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    os: `${distribution()}${type()} ${release()}`,
    node: process.version,
    redis: firstNumber('redis-server', ['--version']),
    versions: {
      ...Object.fromEntries([...packages].map((name) => [name, versionOf(name)])),
      nginx: firstNumber('nginx', ['-v']),
      Varnish: firstNumber('varnishd', ['-V']),
      wrk: firstNumber('wrk', ['-v']),
    },
  };
}

export function describe({ date, cpu, cores, os, node, redis, versions }: Machine): string {
  const all = Object.entries({ ...versions, Redis: redis }).filter(([, value]) => value !== '');
  return `${date}, ${cpu}, ${cores} cores, ${os}, Node.js ${node}; ${all.map((pair) => pair.join(' ')).join(', ')}.`;
}

function distribution(): string {
  if (!existsSync('/etc/os-release')) return `${version()}, `;
  const name = /^PRETTY_NAME="(.+)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return name === undefined ? '' : `${name}, `;
}

function versionOf(name: string): string {
  const places = [`bench/peers/node_modules/${name}`, `node_modules/${name}`, '.'];
  const path = places.map((place) => `${root}/${place}/package.json`).find((file) => existsSync(file)) ?? '';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** What a program calls its version; empty where there is no such program. */
function firstNumber(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[0] ?? '';
}
