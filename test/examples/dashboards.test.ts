import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrometheus, type Prometheus } from '../../examples/observability/prometheus.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { serveCollected } from './collector-names.ts';
import { startExample } from './observability-example.ts';

const dashboard = JSON.parse(
  await readFile(join(import.meta.dirname, '../../dashboards/express-ai-cache.json'), 'utf8'),
) as Dashboard;

interface Dashboard {
  readonly id: null;
  readonly uid: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly panels: readonly Panel[];
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: object;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: object }[];
}

const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ refId, expr }) => ({ title: `${title} ${refId}`, expr })),
);

/** By Node's own exporter, and by a collector. */
const forms = [{ cache: 'ai-cache' }, { cache: 'collected' }];

let redis: RedisServer;
let example: ChildProcess;
let collector: Awaited<ReturnType<typeof serveCollected>>;
let prometheus: Prometheus;
let outage: Awaited<ReturnType<typeof haveOutage>>;

beforeAll(async () => {
  redis = await startRedis();
  example = startExample({ REDIS_URL: redis.url });
  const origin = await printedBy(example, /^Metrics +(http:\S+)\/metrics$[^]*Traffic goes on/m);
  collector = await serveCollected(`${origin}/metrics`);
  prometheus = await startPrometheus([new URL(origin).host, collector.target]);
  outage = await haveOutage();
});

afterAll(async () => {
  await prometheus.stop();
  await collector.stop();
  const ended = once(example, 'exit');
  example.kill('SIGINT');
  await ended;
  await redis.stop();
});

async function printedBy(child: ChildProcess, pattern: RegExp): Promise<string> {
  let printed = '';
  const found = Promise.withResolvers<string>();
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    const [, match] = pattern.exec(printed) ?? [];
    if (match !== undefined) found.resolve(match);
  });
  child.stderr?.resume();
  child.once('exit', (code) => found.reject(new Error(`the example ended with ${code} after:\n${printed}`)));
  return found.promise;
}

/** As Grafana asks it for this cache. */
function asked(expr: string, cache: string): string {
  return expr
    .replaceAll('$__rate_interval', '20s')
    .replaceAll('$__range', '2m')
    .replaceAll('$job', '.*')
    .replaceAll('$cache', cache);
}

/** Asks until there is a number; undefined where there is none for as long as a scrape, a rule and the traffic's next round take. */
async function answerOf(
  expression: string,
  isAnswer: (value: number) => boolean = Number.isFinite,
): Promise<number | undefined> {
  const deadline = performance.now() + 40_000;
  while (performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- asked again until it is there
    const answer = (await prometheus.query(expression)).find(({ value }) => isAnswer(value));
    if (answer !== undefined) return answer.value;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await sleep(200);
  }
  return undefined;
}

/** Redis hangs until its circuit is open, then goes on; failed operations are among what the dashboard shows. */
async function haveOutage() {
  const open = 'ai_cache:circuits_not_closed:sum{cache_name="ai-cache"}';
  const before = await answerOf(open, (value) => value === 0);
  redis.pause();
  const during = await answerOf(open, (value) => value > 0);
  const pending = await answerOf(
    'ALERTS{alertname="AICacheRedisCircuitOpen", cache_name="ai-cache", alertstate="pending"}',
  );
  redis.resume();
  const after = await answerOf(open, (value) => value === 0);
  return { before, during, alert: pending === 1 ? 'pending' : 'inactive', after };
}

interface Rule {
  readonly name: string;
  readonly query: string;
  readonly type: 'recording' | 'alerting';
  readonly health: string;
  readonly state?: string;
}

async function rules(): Promise<Rule[]> {
  const answer = await fetch(`${prometheus.url}/api/v1/rules`);
  const { data } = (await answer.json()) as { data: { groups: { rules: Rule[] }[] } };
  return data.groups.flatMap((group) => group.rules);
}

describe('the Grafana dashboard', () => {
  it('can be imported anywhere: no id, a fixed uid, the data source a variable everywhere', () => {
    expect(dashboard).toMatchObject({ id: null, uid: 'express-ai-cache' });
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    const sources = panels.flatMap(({ datasource, targets = [] }) => [
      datasource,
      ...targets.map((one) => one.datasource),
    ]);
    expect(new Set(sources.map((source) => JSON.stringify(source)))).toEqual(
      new Set([JSON.stringify({ type: 'prometheus', uid: '${datasource}' })]),
    );
    expect(expressions.length).toBeGreaterThan(30);
    expect(expressions.filter(({ expr }) => /\[\d/.test(expr))).toEqual([]);
  });

  it('has panels with ids and titles of their own that do not lie on each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('a real Prometheus that scrapes the example', () => {
  it('sees the circuit of a Redis that hangs, and the alert of it pending', () => {
    expect(outage).toEqual({ before: 0, during: 1, alert: 'pending', after: 0 });
  });

  it.each(forms)('answers every expression of the dashboard for the cache $cache', async ({ cache }) => {
    const answers = await Promise.all(
      expressions.map(async ({ title, expr }) => [title, await answerOf(asked(expr, cache))] as const),
    );
    expect(answers.filter(([, value]) => value === undefined)).toEqual([]);
  });

  it.each(forms)('answers every rule for the cache $cache, the condition of every alert too', async ({ cache }) => {
    const all = await rules();
    expect(all.map(({ type }) => type).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'alerting'),
      ...Array.from({ length: 7 }, () => 'recording'),
    ]);
    expect(all.filter(({ health }) => health !== 'ok')).toEqual([]);
    const answers = await Promise.all(
      all.map(async ({ name, type, query }) => {
        // A condition that is not met has no series; with `bool` it has one that is 0.
        const whole = type === 'recording' ? name : query.replaceAll(/ ([<>]) /g, ' $1 bool ');
        return [
          name,
          await answerOf(`(${whole}) and on (cache_name) label_replace(vector(1), "cache_name", "${cache}", "", "")`),
        ];
      }),
    );
    expect(answers.filter(([, value]) => value === undefined)).toEqual([]);
  });

  it.each(dashboard.templating.list.filter(({ type }) => type === 'query'))(
    'has values for the variable $name',
    async ({ definition = '' }) => {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      const found = await prometheus.query(`count by (${label}) (${selector.replaceAll('$job', '.*')})`);
      expect(found.filter(({ metric }) => metric[label] !== undefined).length).toBeGreaterThan(0);
    },
  );
});
