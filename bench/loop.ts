/**
 * How long the event loop stands still for one large body: the longest turn of a server, from the request's arrival to its answer
 * stored, beside the same route without the cache. Contenders in turn within every round; medians with the smallest and the largest.
 *
 *     npm run bench:loop [-- rounds]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startRedis } from '../test/support/redis-server.ts';
import { ANSWER_FORMS, REQUEST_FORMS, requestOf, type AnswerForm } from './loop-bodies.ts';
import type { Order, Reply } from './loop-order.ts';
import { Client } from './measure/ask.ts';
import { shown, spreadOf } from './measure/statistics.ts';

const VARIANTS = ['bare', 'memory', 'redis'] as const;
type Variant = (typeof VARIANTS)[number];

interface Contender {
  readonly child: ChildProcess;
  readonly port: number;
}

/** What is sent in one measurement, all at once. */
interface Load {
  readonly path: string;
  readonly bodies: readonly string[];
  readonly coding: 'identity' | 'br';
  /** Answers that are stored by it. */
  readonly stored: number;
}

interface Row {
  readonly name: string;
  /** By the heading of the column. */
  readonly turns: Map<string, number[]>;
}

const KILOBYTES_256 = 256_000;
const MEGABYTES_20 = 20_000_000;
const SIZES = { '256 KB': KILOBYTES_256, '20 MB': MEGABYTES_20 } as const;
const AT_ONCE = 50;

const rounds = Number(process.argv[2] ?? 5);
const redis = await startRedis({ args: ['--maxmemory', '512mb', '--maxmemory-policy', 'allkeys-lru'] });
const contenders = {} as Record<Variant, Contender>;
for (const variant of VARIANTS) contenders[variant] = await start(variant);
const client = new Client(AT_ONCE);
const rows = new Map<string, Row>();

// The first round is for the compilers.
for (let round = 0; round <= rounds; round += 1) await measureAll(round);
client.close();
for (const { child } of Object.values(contenders)) child.disconnect();
await redis.stop();
print('The longest turn of the event loop, ms: large answers', 'answer');
print('The same: large requests', 'request');
print(`The same: ${AT_ONCE} at once, of 256 KB each`, 'at once');

async function measureAll(round: number): Promise<void> {
  for (const [size, bytes] of Object.entries(SIZES)) {
    if (round === 0 && bytes > KILOBYTES_256) continue;
    for (const form of ANSWER_FORMS) {
      const body = JSON.stringify({ text: `${form} ${bytes} ${round}` });
      await measureAnswer(round, `answer: ${form}, ${size}`, { form, bytes }, [body]);
    }
    for (const form of REQUEST_FORMS) {
      const bodies = [requestOf(form, bytes, `${round}`)];
      for (const mode of ['parsed', 'digest', 'raw'] as const)
        await measureRequest(round, `request: ${form}, ${size}, ${mode}`, `/request/${mode}`, bodies, mode);
    }
  }
  const names = Array.from({ length: AT_ONCE }, (_, index) => `${index} at once ${round}`);
  const small = names.map((text) => JSON.stringify({ text }));
  await measureAnswer(round, 'at once: answers, chat', { form: 'chat', bytes: KILOBYTES_256 }, small);
  const large = names.map((no) => requestOf('messages', KILOBYTES_256, no));
  await measureRequest(round, 'at once: requests, messages, parsed', '/request/parsed', large, 'parsed');
}

async function measureAnswer(
  round: number,
  name: string,
  { form, bytes }: { readonly form: AnswerForm; readonly bytes: number },
  bodies: readonly string[],
): Promise<void> {
  const path = `/answer/${form}`;
  const stored = bodies.length;
  await Promise.all(Object.values(contenders).map(({ child }) => tell(child, { type: 'prepare', form, bytes })));
  await measure(round, name, 'bare', 'without', { path, bodies, coding: 'identity', stored: 0 });
  for (const variant of ['memory', 'redis'] as const) {
    await measure(round, name, variant, `${variant}, miss`, { path, bodies, coding: 'identity', stored });
    await measure(round, name, variant, `${variant}, hit`, { path, bodies, coding: 'identity', stored: 0 });
    await measure(round, name, variant, `${variant}, hit, br`, { path, bodies, coding: 'br', stored: 0 });
  }
}

async function measureRequest(
  round: number,
  name: string,
  path: string,
  bodies: readonly string[],
  mode: string,
): Promise<void> {
  // Each mount has entries of its own: its path is in the key.
  const stored = bodies.length;
  await measure(round, name, 'bare', 'without', { path, bodies, coding: 'identity', stored: 0 });
  await measure(round, name, 'memory', 'memory, miss', { path, bodies, coding: 'identity', stored });
  await measure(round, name, 'memory', 'memory, hit', { path, bodies, coding: 'identity', stored: 0 });
  if (mode === 'parsed')
    await measure(round, name, 'redis', 'redis, miss', { path, bodies, coding: 'identity', stored });
}

async function measure(round: number, name: string, variant: Variant, column: string, load: Load): Promise<void> {
  const { child, port } = contenders[variant];
  const { path, bodies, coding, stored } = load;
  await tell(child, { type: 'watch' });
  const headers = { 'Content-Type': 'application/json', 'Accept-Encoding': coding };
  const answers = await Promise.all(bodies.map((body) => client.ask(port, { method: 'POST', path, headers, body })));
  const wrong = answers.find(({ status }) => status !== 200);
  if (wrong !== undefined) throw new Error(`${name}, ${column}: ${wrong.status} ${wrong.body.toString()}`);
  const { longestMs = NaN } = await tell(child, { type: 'stop', stored });
  if (round === 0) return;
  const row = rows.get(name) ?? { name, turns: new Map<string, number[]>() };
  rows.set(name, row);
  row.turns.set(column, [...(row.turns.get(column) ?? []), longestMs]);
}

async function start(variant: Variant): Promise<Contender> {
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = fork(new URL('loop-server.ts', import.meta.url), [variant, redis.url], { env });
  const [{ port = 0 }] = (await once(child, 'message')) as [Reply];
  return { child, port };
}

async function tell(child: ChildProcess, order: Order): Promise<Reply> {
  child.send(order);
  const [reply] = (await once(child, 'message')) as [Reply];
  return reply;
}

function print(title: string, kind: string): void {
  const those = [...rows.values()].filter(({ name }) => name.startsWith(`${kind}: `));
  const columns = [...new Set(those.flatMap(({ turns }) => [...turns.keys()]))];
  const lines = [[kind, ...columns, 'added, at most'], columns.concat('', '').map(() => '---')];
  for (const { name, turns } of those) {
    const spreads = columns.map((column) => spreadOf(turns.get(column) ?? []));
    const [without, ...cached] = spreads.map(({ median }) => median);
    const added = Math.max(...cached.filter((value) => !Number.isNaN(value))) - (without ?? NaN);
    lines.push([name.slice(kind.length + 2), ...spreads.map((spread) => shown(spread, 1)), added.toFixed(1)]);
  }
  console.log(`## ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}
