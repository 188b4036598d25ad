/** The peers are a package of their own, installed when they are first needed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('peers', import.meta.url));

export function installPeers(): void {
  if (existsSync(`${directory}/node_modules/.package-lock.json`)) return;
  console.error('Installing the peers: npm ci --prefix bench/peers');
  const { status } = spawnSync('npm', ['ci'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('The peers could not be installed: npm ci --prefix bench/peers shows why.');
}
