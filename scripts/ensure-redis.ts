/** The tests start a redis-server of their own: this makes sure that there is one, Redis 7 or newer. */
import { spawnSync } from 'node:child_process';
import { canUseApt, installWithApt } from './install-with-apt.ts';

const oldestMajor = 7;

/** The major version of a program on the PATH; undefined where there is none. */
function majorVersionOf(program: string): number | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const version = /(?:v=|redis-cli )(\d+)\./.exec(stdout ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

function isInstalled(): boolean {
  return ['redis-server', 'redis-cli'].every((program) => (majorVersionOf(program) ?? 0) >= oldestMajor);
}

function fail(reason: string): never {
  console.error(
    `The tests need redis-server and redis-cli ${oldestMajor} or newer on the PATH: install Redis ` +
      `(Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis)${reason}.`,
  );
  process.exit(1);
}

if (!isInstalled()) {
  if (!canUseApt()) fail('');
  console.log('No redis-server here: installing it with apt-get.');
  try {
    installWithApt('redis-server');
  } catch (error) {
    fail(`; apt-get failed with: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (!isInstalled()) fail('; what apt-get installed is missing or too old');
}
