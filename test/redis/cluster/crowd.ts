import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { SteeredProcess } from '../../support/steered-process.ts';
import { send } from '../../support/ask.ts';
import type { RedisServer } from '../../support/redis-server.ts';

/** What one of many got. */
export interface Got {
  /** The first byte of the body is there; rejects where the connection breaks before. */
  readonly begun: Promise<unknown>;
  /** The status and the body; `lost` where the connection broke before the body was whole. */
  readonly answer: Promise<string>;
}

export const LOST = 'lost';

/** Asks a process so often at once, each over a connection of its own; to the client all processes are one host. */
export function crowd(process: SteeredProcess, path: string, about: string, count: number): Got[] {
  return Array.from({ length: count }, () => askOne(process, path, about));
}

function askOne({ port }: SteeredProcess, path: string, about: string): Got {
  const asking = send(port, { path: `/${path}`, json: { about }, headers: { host: 'cluster.example' } });
  const begun = Promise.withResolvers<void>();
  // Whether anybody waits for it or not.
  begun.promise.catch(() => undefined);
  const read = async (): Promise<string> => {
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      begun.resolve();
    }
    return `${answer.statusCode} ${Buffer.concat(chunks).toString('utf8')}`;
  };
  const answer = read().catch((error: unknown) => {
    begun.reject(error);
    return LOST;
  });
  return { begun: begun.promise, answer };
}

/** Resolves when everybody's body has begun. */
export async function allBegun(all: readonly Got[]): Promise<void> {
  await Promise.all(all.map(({ begun }) => begun));
}

/** What they got, each different answer once. */
export async function differentAnswers(all: readonly Got[]): Promise<string[]> {
  return [...new Set(await Promise.all(all.map(({ answer }) => answer)))];
}

/** How many pieces a whole answer has, JSON or events; 0 where it is not whole. */
export function piecesIn(answer: string): number {
  if (answer.startsWith('200 [')) return (JSON.parse(answer.slice(4)) as unknown[]).length;
  const events = /^200 ([^]*)data: \[DONE\]\n\n$/.exec(answer)?.[1]?.split('\n\n') ?? [];
  return events.filter((event) => event.startsWith('data: {')).length;
}

export async function startProcesses(redis: RedisServer, count = 3): Promise<SteeredProcess[]> {
  const start = (): SteeredProcess =>
    new SteeredProcess(new URL('answering-child.ts', import.meta.url), { redis: redis.url });
  return Promise.all(Array.from({ length: count }, () => start().ready()));
}

/** How often handlers ran for this, in all processes. An answer may come before the message that says so. */
export async function runsOf(processes: readonly SteeredProcess[], about: string): Promise<number> {
  await Promise.all(processes.map((process) => process.heard()));
  return processes.reduce((sum, process) => sum + process.count('run', about), 0);
}

const KEYS = `
local without, longest = {}, 0
local keys = redis.call('KEYS', '*')
for _, key in ipairs(keys) do
  local left = redis.call('PTTL', key)
  if left < 0 then table.insert(without, key) end
  if string.find(key, '^ai_cache:[ls]:') then longest = math.max(longest, left) end
end
return {#keys, longest, unpack(without)}
`;

/** The keys in Redis: their number, those that would stay for ever, and how long the last one of a flight stays, milliseconds. */
export async function keysIn(
  redis: RedisServer,
): Promise<{ count: number; longestMs: number; withoutExpiry: string[] }> {
  const [count, longest, ...withoutExpiry] = (await redis.cli('EVAL', KEYS, '0')).split('\n');
  return { count: Number(count), longestMs: Number(longest), withoutExpiry };
}
