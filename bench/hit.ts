/**
 * What a memory hit costs beside a bare Express route that parses its body and sends a ready Buffer: CPU time of the server per
 * request, contenders in turn within every round, ratios to the bare route of the same round.
 *
 *     npm run bench:hit [-- rounds requests]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';

const VARIANTS = ['bare', 'no-telemetry', 'cache', 'sdk-1%', 'sdk'] as const;
const rounds = Number(process.argv[2] ?? 5);
const requests = Number(process.argv[3] ?? 20_000);
const CONNECTIONS = 16;
const body = JSON.stringify({
  text: 'lorem ipsum dolor sit amet '.repeat(38),
  operation: 'summarize',
  options: { words: 40 },
});

interface Contender {
  readonly child: ChildProcess;
  readonly port: number;
}

const contenders = new Map<string, Contender>();
for (const variant of VARIANTS) {
  const child = fork(new URL('hit-server.ts', import.meta.url), [variant]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  contenders.set(variant, { child, port });
  await load(port, 5_000);
}

const micros = new Map<string, number[]>(VARIANTS.map((variant) => [variant, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [variant, { child, port }] of contenders) {
    child.send('start');
    await load(port, requests);
    child.send('stop');
    const [{ cpuMicros }] = (await once(child, 'message')) as [{ cpuMicros: number }];
    micros.get(variant)?.push(cpuMicros / requests);
  }
}
for (const { child } of contenders.values()) child.send('exit');

const bare = micros.get('bare') ?? [];
console.log(
  'contender      µs CPU per request (median, min–max)   ratio to bare (median, min–max)   µs more than bare',
);
for (const [variant, each] of micros) {
  const ratios = each.map((value, round) => (bare[round] ?? NaN) / value);
  const more = each.map((value, round) => value - (bare[round] ?? NaN));
  console.log(`${variant.padEnd(14)} ${spread(each, 1).padEnd(38)} ${spread(ratios, 2).padEnd(33)} ${spread(more, 1)}`);
}

async function load(port: number, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(agent, port);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  agent.destroy();
}

function ask(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const req = request({ agent, port, method: 'POST', path: '/ask', headers }, (res) => {
      if (res.statusCode !== 200) reject(new Error(`status ${res.statusCode}`));
      res.resume().once('end', resolve);
    });
    req.once('error', reject);
    req.end(body);
  });
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(digits);
  return `${at(0.5)} (${at(0)}–${at(1)})`;
}
