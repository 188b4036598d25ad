/** The server and what loads it each have a core, so that neither takes time from the other. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Role = 'server' | 'load';

/** The command line that runs a program where its role belongs. */
export type OnCore = (role: Role, command: string, args: readonly string[]) => [string, string[]];

const CORE: Readonly<Record<Role, string>> = { server: '0', load: '1' };

/** taskset (util-linux) and a second core are there. */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;
}

export const pinned: OnCore = (role, command, args) => ['taskset', ['-c', CORE[role], command, ...args]];

export const anywhere: OnCore = (_role, command, args) => [command, [...args]];
