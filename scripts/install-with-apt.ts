import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Is this a Debian on which packages may be installed? */
export function canUseApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** Shows nothing unless a command fails; then it throws. */
export function installWithApt(packageName: string): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', packageName], { env, stdio: 'pipe' });
}
