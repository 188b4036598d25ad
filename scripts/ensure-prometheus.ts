/** The tests of dashboards/ start a Prometheus of their own and run promtool: this makes sure that both are there. */
import { spawnSync } from 'node:child_process';
import { canUseApt, installWithApt } from './install-with-apt.ts';

function isInstalled(): boolean {
  return ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
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
    installWithApt('prometheus');
  } catch (error) {
    fail(`; apt-get failed with: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (!isInstalled()) fail('; what apt-get installed does not run');
}
