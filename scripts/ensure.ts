import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Is this a Debian on which packages may be installed? */
function canUseApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** Shows nothing unless a command fails; then it throws. RUNLEVEL keeps a package from starting a service of the machine's own. */
function installWithApt(packageName: string): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', packageName], { env, stdio: 'pipe' });
}

export interface Needed {
  /** `Redis` */
  readonly name: string;
  readonly packageName: string;
  readonly isThere: () => boolean;
  /** What to say where it is not there and cannot be installed: one sentence, without its full stop. */
  readonly missing: string;
  /** The end of that sentence where installing it did not help. */
  readonly stillMissing: string;
}

/** Makes sure that a program the tests need is there, installs it where that is allowed, or says so and ends the process with 1. */
export function ensure({ name, packageName, isThere, missing, stillMissing }: Needed): void {
  if (isThere()) return;
  if (!canUseApt()) fail(missing);
  console.log(`No ${name} here: installing it with apt-get.`);
  try {
    installWithApt(packageName);
  } catch (error) {
    fail(`${missing}; apt-get failed with: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (!isThere()) fail(`${missing}; ${stillMissing}`);
}

export function fail(sentence: string): never {
  console.error(`${sentence}.`);
  process.exit(1);
}
