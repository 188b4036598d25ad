/**
 * What streams cost beside bare Express routes that write the same chunks: the time to the first byte of a stream that is being
 * recorded, CPU time of the server for a replay, memory for each client that joins. Contenders in turn within every round; medians
 * with the smallest and the largest.
 *
 *     npm run bench:stream [-- rounds]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';

const VARIANTS = ['bare', 'cache'] as const;
type Variant = (typeof VARIANTS)[number];

const rounds = Number(process.argv[2] ?? 7);
const FIRST_BYTES = 1_000;
const REPLAYS = 3_000;
const CONNECTIONS = 16;
const JOINERS = 1_000;
const JOIN_ROUNDS = 5;

interface Contender {
  readonly child: ChildProcess;
  readonly port: number;
}

type Measured = Readonly<Record<Variant, number[]>>;

const contenders = {} as Record<Variant, Contender>;
for (const variant of VARIANTS) contenders[variant] = await start(variant);

const firstByte = await inTurn(rounds, ({ port }) => firstByteMicros(port));
const replay = await inTurn(rounds, (contender) => replayMicros(contender));
const join = await inTurn(JOIN_ROUNDS, (contender) => joinerKilobytes(contender));
for (const { child } of Object.values(contenders)) child.send('exit');

const WIDTHS = [38, 24, 24] as const;
print('', 'bare Express', 'with the cache', 'more, or × as much');
show('first byte of a stream, miss, µs', firstByte, 0, difference(firstByte, 0));
show('200 chunks again, µs CPU a request', replay, 0, `× ${ratio(replay)}`);
show(`each of ${JOINERS} that join, kB`, join, 1, difference(join, 1));

/** Everyone measures once in each round; the first round only warms up. */
async function inTurn(count: number, measure: (contender: Contender) => Promise<number>): Promise<Measured> {
  const measured: Measured = { bare: [], cache: [] };
  for (let round = 0; round <= count; round += 1) {
    for (const variant of VARIANTS) {
      const value = await measure(contenders[variant]);
      if (round > 0) measured[variant].push(value);
    }
  }
  return measured;
}

async function start(variant: Variant): Promise<Contender> {
  const child = fork(new URL('stream-server.ts', import.meta.url), [variant], {
    execArgv: [...process.execArgv, '--expose-gc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

/** The median of many, one after the other, each with a text of its own. */
async function firstByteMicros(port: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const micros: number[] = [];
  for (let index = 0; index < FIRST_BYTES; index += 1) {
    const sentAt = performance.now();
    const answer = await ask(agent, port, 'short', `${Math.random()}`);
    await once(answer, 'readable');
    micros.push((performance.now() - sentAt) * 1_000);
    await once(answer.resume(), 'end');
  }
  agent.destroy();
  return median(micros);
}

async function replayMicros({ child, port }: Contender): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  child.send('start');
  let left = REPLAYS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await once((await ask(agent, port, 'whole', 'the same')).resume(), 'end');
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  child.send('stop');
  const [{ cpuMicros }] = (await once(child, 'message')) as [{ cpuMicros: number }];
  agent.destroy();
  return cpuMicros / REPLAYS;
}

/** Of as many clients that ask for the same while the first one's stream is held half way. */
async function joinerKilobytes({ child, port }: Contender): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  const text = `${Math.random()}`;
  const begin = async (): Promise<IncomingMessage> => {
    const answer = await ask(agent, port, 'held', text);
    await once(answer, 'data');
    return answer;
  };
  const first = await begin();
  const before = await memoryOf(child);
  const joiners = await Promise.all(Array.from({ length: JOINERS }, begin));
  const after = await memoryOf(child);
  const ends = [first, ...joiners].map((answer) => once(answer.resume(), 'end'));
  child.send('go');
  await Promise.all(ends);
  return (after - before) / JOINERS / 1_000;
}

async function memoryOf(child: ChildProcess): Promise<number> {
  child.send('memory');
  const [{ bytes }] = (await once(child, 'message')) as [{ bytes: number }];
  return bytes;
}

function ask(agent: Agent, port: number, path: string, text: string): Promise<IncomingMessage> {
  const body = JSON.stringify({ text });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const req = request({ agent, port, method: 'POST', path: `/${path}`, headers }, (res) => {
      if (res.statusCode === 200) resolve(res);
      else reject(new Error(`status ${res.statusCode}`));
    });
    req.once('error', reject);
    req.end(body);
  });
}

function show(title: string, { bare, cache }: Measured, digits: number, compared: string): void {
  print(title, spread(bare, digits), spread(cache, digits), compared);
}

function difference({ bare, cache }: Measured, digits: number): string {
  return spread(
    cache.map((value, round) => value - (bare[round] ?? NaN)),
    digits,
  );
}

function ratio({ bare, cache }: Measured): string {
  return spread(
    cache.map((value, round) => value / (bare[round] ?? NaN)),
    2,
  );
}

function print(title: string, ...cells: readonly string[]): void {
  console.log([title, ...cells].map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' '));
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(digits);
  return `${at(0.5)} (${at(0)}–${at(1)})`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
