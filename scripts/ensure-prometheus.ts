/** The tests of dashboards/ start a Prometheus of their own and run promtool: this makes sure that both are there. */
import { spawnSync } from 'node:child_process';
import { ensure } from './ensure.ts';

ensure({
  name: 'Prometheus',
  packageName: 'prometheus',
  isThere: () => ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0),
  missing:
    'The tests need prometheus and promtool on the PATH: install Prometheus ' +
    '(Debian and Ubuntu: apt-get install prometheus; macOS: brew install prometheus)',
  stillMissing: 'what apt-get installed does not run',
});
