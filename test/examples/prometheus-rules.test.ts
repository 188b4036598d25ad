import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const rules = join(import.meta.dirname, '../../dashboards/rules');
const tests = join(import.meta.dirname, 'rules/express-ai-cache.test.yml');

/** Needs promtool on the PATH: scripts/ensure-prometheus.ts sees to it. */
async function promtool(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('promtool', args).catch((error: Error & { stdout: string }) => {
    throw new Error(`promtool ${args[0]} ${args[1]} says:\n${error.stdout}${error.message}`);
  });
  return stdout;
}

it('the recording and alert rules are valid', async () => {
  const files = (await readdir(rules)).map((file) => join(rules, file));
  expect(files).toHaveLength(2);
  expect(await promtool('check', 'rules', ...files)).toMatch(/SUCCESS: 5 rules found[^]*SUCCESS: 7 rules found/);
});

it('the rules record and fire as their unit tests say', async () => {
  expect(await promtool('test', 'rules', tests)).toContain('SUCCESS');
});
