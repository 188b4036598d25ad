import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { hitRatio } from '../../src/telemetry/hits.ts';

const dashboards = join(import.meta.dirname, '../../dashboards');

interface Dashboard {
  readonly panels: readonly { readonly type: string; readonly title: string; readonly targets?: { expr: string }[] }[];
}

/** Requests a minute. */
const COUNTS = { hit: 42, stale: 6, coalesced: 12, miss: 12, error: 8, bypass: 600 };

/** The expressions of Grafana's hit ratios as it asks them for one cache. */
async function hitRatiosOfGrafana(cache: string): Promise<string[]> {
  const { panels } = JSON.parse(await readFile(join(dashboards, 'express-ai-cache.json'), 'utf8')) as Dashboard;
  return panels
    .filter(({ title }) => title === 'Hit ratio')
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }) =>
      expr
        .replaceAll(/\$__(range|rate_interval)/g, '5m')
        .replaceAll('$job', '.*')
        .replaceAll('$cache', cache),
    );
}

/** Runs promtool over requests of two caches, one of which has had none of late. */
async function promtool(tests: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hit-ratio-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const name = 'ai_cache_request_duration_count';
  const input_series = Object.entries(COUNTS).flatMap(([result, count]) => [
    { series: `${name}{job="api", cache_name="busy", cache_result="${result}"}`, values: `0+${count}x20` },
    { series: `${name}{job="api", cache_name="idle", cache_result="${result}"}`, values: `${count}x20` },
  ]);
  const file = join(folder, 'test.json');
  await writeFile(
    file,
    JSON.stringify({
      rule_files: [join(dashboards, 'rules/express-ai-cache-recording.rules.yml')],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series, promql_expr_test: tests }],
    }),
  );
  const { stdout } = await promisify(execFile)('promtool', ['test', 'rules', file]).catch(
    (error: Error & { stdout: string }) => {
      throw new Error(`promtool says:\n${error.stdout}${error.message}`);
    },
  );
  return stdout;
}

it('the hit ratio is the same in the statistics, the rules and Grafana', async () => {
  const expected = hitRatio(COUNTS);
  expect(expected).toBe(0.75);
  const expressions = [...(await hitRatiosOfGrafana('busy')), 'ai_cache:hit_ratio:rate5m{cache_name="busy"}'];
  expect(expressions).toHaveLength(3);
  const tests = expressions.map((expr) => ({
    expr: `round(sum(${expr}), 0.0001)`,
    eval_time: '15m',
    exp_samples: [{ labels: '{}', value: expected }],
  }));
  expect(await promtool(tests)).toContain('SUCCESS');
});

it('there is none, rather than NaN, where nobody has asked of late', async () => {
  expect(hitRatio({ hit: 0, stale: 0, coalesced: 0, miss: 0, error: 0, bypass: 5 })).toBe(null);
  const expressions = [...(await hitRatiosOfGrafana('idle')), 'ai_cache:hit_ratio:rate5m{cache_name="idle"}'];
  const tests = expressions.map((expr) => ({ expr, eval_time: '15m', exp_samples: [] }));
  expect(await promtool(tests)).toContain('SUCCESS');
});
