/** S5: many ask the same at once, and nothing is stored yet. */
import type { Bench, LeftOut, Scenario, Table } from '../bench.ts';
import { CONTENDERS, kindOf } from '../contenders/index.ts';
import { Client } from '../measure/ask.ts';
import { startChild, type Child } from '../measure/child.ts';
import { failed } from '../measure/entrants.ts';
import { inTurn } from '../measure/in-turn.ts';
import { startRedisForLoad } from '../measure/redis.ts';
import { shown, spreadOf } from '../measure/statistics.ts';
import { Answers, ask, type Site } from '../site.ts';

const id = 's5';
const REQUESTS = 200;
const HANDLER_MS = 300;
const site: Site = { method: 'POST', promptBytes: 1_024, answerBytes: 4_096, form: 'json', handlerMs: HANDLER_MS };

interface Crowd {
  readonly runs: number;
  readonly ms: number;
  readonly cpuMicros: number;
  readonly wrong: number;
}

interface Row {
  readonly name: string;
  readonly processes: number;
  readonly rounds: readonly Crowd[];
}

export const s5: Scenario = {
  id,
  run: async (bench) => {
    const takingPart = CONTENDERS.filter(({ name }) => bench.wants(name) && !/telemetry|OTel|digest/.test(name));
    const pairs = [1, 2].flatMap((processes) => takingPart.map((listed) => ({ ...listed, processes })));
    const rows = await inTurn(pairs, bench.isQuick, ({ name, processes }) => crowdRow(bench, name, processes));
    const measured = rows.filter((row) => 'rounds' in row);
    for (const row of measured) if (kindOf(row.name) === 'ours') judge(bench, row);
    return [
      tableOf(
        measured,
        rows.filter((row) => 'why' in row),
      ),
    ];
  },
};

async function crowdRow(bench: Bench, name: string, processes: number): Promise<Row | LeftOut> {
  const { rounds, onCore, say } = bench;
  say(`  ${name}, ${processes} process${processes > 1 ? 'es' : ''}`);
  const redis = processes > 1 ? await startRedisForLoad(onCore) : undefined;
  const shared = redis === undefined ? site : { ...site, redis: redis.path, processes };
  const children: Child[] = [];
  try {
    for (let index = 0; index < processes; index += 1) {
      const child = await startChild({ contender: name, site: shared }, onCore);
      if ('cannot' in child) return { name: `${name}, ${processes}`, why: child.cannot };
      children.push(child);
    }
    const crowds: Crowd[] = [];
    // The first is for connections and compilers.
    for (let round = 0; round <= rounds; round += 1) crowds.push(await crowd(children, round));
    return { name, processes, rounds: crowds.slice(1) };
  } catch (error) {
    return { name: `${name}, ${processes}`, why: failed(bench, name, error) };
  } finally {
    for (const child of children) await child.end();
    await redis?.stop();
  }
}

async function crowd(children: readonly Child[], n: number): Promise<Crowd> {
  const client = new Client(Infinity);
  const asked = ask(site, n);
  const right = new Answers(site).buffer(n);
  const sum = async (question: 'runs' | 'cpuMicros'): Promise<number> => {
    const values = await Promise.all(children.map((child) => child.ask(question)));
    return values.reduce((total, value) => total + value, 0);
  };
  const [runs, cpu] = [await sum('runs'), await sum('cpuMicros')];
  const startedAt = performance.now();
  const answered = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => client.ask(children[index % children.length]?.port ?? 0, asked)),
  );
  const ms = performance.now() - startedAt;
  client.close();
  return {
    runs: (await sum('runs')) - runs,
    ms,
    cpuMicros: ((await sum('cpuMicros')) - cpu) / REQUESTS,
    wrong: answered.filter(({ status, body }) => status !== 200 || !body.equals(right)).length,
  };
}

function judge(bench: Bench, { name, processes, rounds }: Row): void {
  for (const { runs, wrong } of rounds) {
    if (runs !== 1) bench.fail(`S5 ${name}, ${processes}: the handler ran ${runs} times`);
    if (wrong > 0) bench.fail(`S5 ${name}, ${processes}: ${wrong} wrong answers`);
  }
}

function tableOf(rows: readonly Row[], leftOut: readonly LeftOut[]): Table {
  const cell = (row: Row, of: (crowd: Crowd) => number): string => shown(spreadOf(row.rounds.map(of)), 0);
  return {
    id,
    title: `S5 ${REQUESTS} equal requests at once, nothing stored`,
    about:
      `The handler takes ${HANDLER_MS} ms. One process keeps entries in memory; two share a Redis and get half of the ` +
      'requests each. New connections every time.',
    columns: ['contender', 'processes', 'runs of the handler', 'all answered after, ms', 'CPU, µs a request', 'wrong'],
    rows: rows.map((row) => [
      row.name,
      `${row.processes}`,
      cell(row, ({ runs }) => runs),
      cell(row, ({ ms }) => ms),
      cell(row, ({ cpuMicros }) => cpuMicros),
      cell(row, ({ wrong }) => wrong),
    ]),
    leftOut,
    data: rows,
  };
}
