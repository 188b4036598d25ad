/** S9: what a bounded cache makes of requests as they come from people. */
import type { Bench, LeftOut, Scenario, Table } from '../bench.ts';
import { CONTENDERS, kindOf } from '../contenders/index.ts';
import { Client } from '../measure/ask.ts';
import { startChild } from '../measure/child.ts';
import { failed } from '../measure/entrants.ts';
import { inTurn } from '../measure/in-turn.ts';
import { seededRandom } from '../prose.ts';
import { Answers, ask, type Site } from '../site.ts';

const id = 's9';
const SEED = 20_260_401;
const PROMPTS = 2_000;
const REQUESTS = { quick: 600, full: 20_000 };
/** A tenth of the prompts. */
const MAX_ENTRIES = PROMPTS / 10;
const AT_ONCE = 16;
const HANDLER_MS = 20;
const site: Site = {
  method: 'POST',
  promptBytes: 1_024,
  answerBytes: 4_096,
  form: 'json',
  handlerMs: HANDLER_MS,
  maxEntries: MAX_ENTRIES,
};

interface Row {
  readonly name: string;
  readonly calls: number;
  readonly wrong: number;
  readonly seconds: number;
}

export const s9: Scenario = {
  id,
  run: async (bench) => {
    const trace = traceOf(bench.isQuick ? REQUESTS.quick : REQUESTS.full);
    const takingPart = CONTENDERS.filter(
      ({ name, kind }) => bench.wants(name) && kind !== 'reference' && !/telemetry|OTel|digest/.test(name),
    );
    const rows = await inTurn(takingPart, bench.isQuick, ({ name }) => replay(bench, name, trace));
    const measured = rows.filter((row) => 'calls' in row);
    for (const { name, wrong } of measured)
      if (kindOf(name) === 'ours' && wrong > 0) bench.fail(`S9 ${name}: ${wrong} wrong answers`);
    return [
      tableOf(
        trace,
        measured,
        rows.filter((row) => 'why' in row),
      ),
    ];
  },
};

/** The numbers of prompts, the n-th as frequent as 1/n (Zipf's law). */
export function traceOf(length: number): number[] {
  const random = seededRandom(SEED);
  const weights = Array.from({ length: PROMPTS }, (_, index) => 1 / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sums: number[] = [];
  for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight / total);
  return Array.from({ length }, () => {
    const at = random();
    return Math.max(
      0,
      sums.findIndex((sum) => at < sum),
    );
  });
}

async function replay(bench: Bench, name: string, trace: readonly number[]): Promise<Row | LeftOut> {
  const { onCore, say } = bench;
  say(`  ${name}`);
  const child = await startChild({ contender: name, site }, onCore);
  if ('cannot' in child) return { name, why: child.cannot };
  const client = new Client(AT_ONCE);
  const answers = new Answers(site);
  let next = 0;
  let wrong = 0;
  const worker = async (): Promise<void> => {
    while (next < trace.length) {
      const n = trace[next] ?? 0;
      next += 1;
      const { status, body } = await client.ask(child.port, ask(site, n));
      if (status !== 200 || !body.equals(answers.buffer(n))) wrong += 1;
    }
  };
  const startedAt = performance.now();
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { name, calls: await child.ask('runs'), wrong, seconds: (performance.now() - startedAt) / 1_000 };
  } catch (error) {
    return { name, why: failed(bench, name, error) };
  } finally {
    client.close();
    await child.end();
  }
}

function tableOf(trace: readonly number[], rows: readonly Row[], leftOut: readonly LeftOut[]): Table {
  const requests = trace.length;
  const distinct = new Set(trace).size;
  const hitRatio = (calls: number): string => ((requests - calls) / requests).toFixed(3);
  const share = (calls: number): string => ((requests - calls) / (requests - distinct)).toFixed(3);
  return {
    id,
    title: 'S9 a trace of chat-like requests, a cache that holds a tenth of the prompts',
    about:
      `${requests.toLocaleString('en')} requests for ${distinct.toLocaleString('en')} different prompts, by Zipf's law, ` +
      `${AT_ONCE} at once; the handler takes ${HANDLER_MS} ms; at most ${MAX_ENTRIES} entries in memory.`,
    columns: ['contender', 'calls of the provider', 'hit ratio', 'share of the unbounded hits', 'took, s', 'wrong'],
    rows: [
      ['unbounded, by arithmetic', `${distinct}`, hitRatio(distinct), '1.000', '', ''],
      ...rows.map(({ name, calls, wrong, seconds }) => [
        name,
        `${calls}`,
        hitRatio(calls),
        share(calls),
        seconds.toFixed(1),
        `${wrong}`,
      ]),
    ],
    leftOut,
    data: { requests, distinct, rows },
  };
}
