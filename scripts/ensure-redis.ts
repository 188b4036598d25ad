/** The tests start a redis-server of their own: this makes sure that there is one, Redis 7 or newer. */
import { spawnSync } from 'node:child_process';
import { ensure } from './ensure.ts';

const oldestMajor = 7;

/** The major version of a program on the PATH; undefined where there is none. */
function majorVersionOf(program: string): number | undefined {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const version = /(?:v=|redis-cli )(\d+)\./.exec(stdout ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

ensure({
  name: 'redis-server',
  packageName: 'redis-server',
  isThere: () => ['redis-server', 'redis-cli'].every((program) => (majorVersionOf(program) ?? 0) >= oldestMajor),
  missing:
    `The tests need redis-server and redis-cli ${oldestMajor} or newer on the PATH: install Redis ` +
    '(Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis)',
  stillMissing: 'what apt-get installed is missing or too old',
});
