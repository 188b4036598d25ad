/** The tests of dashboards/ start a Prometheus of their own and run promtool: this makes sure that both are there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

function isInstalled(): boolean {
  return ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
}

function canUseApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** Shows nothing unless a command fails. RUNLEVEL keeps the package from starting a Prometheus of the machine's own. */
function installWithApt(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'prometheus'], { env, stdio: 'pipe' });
}

function fail(reason: string): never {
  console.error(
    'The tests need prometheus and promtool on the PATH: install Prometheus ' +
      `(Debian and Ubuntu: apt-get install prometheus; macOS: brew install prometheus)${reason}.`,
  );
  process.exit(1);
}

if (!isInstalled()) {
  if (!canUseApt()) fail('');
  console.log('No Prometheus here: installing it with apt-get.');
  try {
    installWithApt();
  } catch (error) {
    fail(`; apt-get failed with: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (!isInstalled()) fail('; what apt-get installed does not run');
}
