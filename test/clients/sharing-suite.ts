import { LLMock } from '@copilotkit/aimock';
import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { SteeredProcess } from '../support/steered-process.ts';
import { arrivals } from '../support/arrivals.ts';
import { serve } from '../support/cached-site.ts';
import { gate } from '../support/gate.ts';
import { rawRequest } from '../support/http.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { capturingFetch, type Captured } from './captured-fetch.ts';
import { proxyApp } from './proxy-app.ts';

/** What a client is made of: where it asks, and what every request of it carries. */
export interface Caller {
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly prompt: string;
}

/** One way to ask a provider. */
export interface ClientCase {
  /** The emulator calls a tool where it has the word "tool" in it. */
  readonly title: string;
  readonly isStream: boolean;
  /** Makes a client, asks, and resolves to everything the client makes of the answer. */
  call(caller: Caller): Promise<unknown>;
}

const HIT = /^ai-cache; hit; ttl=\d+; detail=(memory|redis)$/;
const COLLAPSED = 'ai-cache; fwd=miss; collapsed';

/** Characters of one to four bytes, so that pieces of an answer end inside of them. */
const ANSWER = 'Grüße aus Köln, 世界! 🙂 '.repeat(12);

let emulator: LLMock;
let redis: RedisServer;
let processes: readonly [SteeredProcess, SteeredProcess];

/** The same answers for everybody, whoever made them. */
export function describeSharing(cases: readonly ClientCase[]): void {
  describe('an answer', () => {
    beforeAll(async () => {
      emulator = await startEmulator();
      redis = await startRedis();
      const settings = { redis: redis.url, upstream: emulator.url };
      const start = (): SteeredProcess => new SteeredProcess(new URL('proxy-child.ts', import.meta.url), settings);
      processes = [start(), start()];
      await Promise.all(processes.map((each) => each.ready()));
    });

    afterAll(async () => {
      await Promise.all(processes.map((each) => each.close()));
      await redis.stop();
      await emulator.stop();
    });

    describe.each(cases)('that is $title', (asking) => {
      it('is the same from the cache as from the provider, over a socket too', () => repeats(asking));
      it('is the same for one who asks while it is being made', () => joins(asking));
      it('is the same for one who asks another process while it is being made', () => joinsElsewhere(asking));
    });
  });
}

async function startEmulator(): Promise<LLMock> {
  const mock = new LLMock({ port: 0 });
  const reasoning = 'Ein Gruß ist gefragt. 🤔';
  mock.onMessage(/tool/, {
    toolCalls: [
      { name: 'get_weather', arguments: '{"city":"Köln","unit":"°C"}' },
      { name: 'get_time', arguments: '{"zone":"Europe/Berlin"}' },
    ],
  });
  mock.onMessage(/[^]*/, { content: ANSWER, reasoning }, { chunkSize: 7 });
  await mock.start();
  return mock;
}

async function repeats(asking: ClientCase): Promise<void> {
  const prompt = `${asking.title}, twice`;
  const { port } = await serveProxy();
  const made = await ask(asking, prompt, port).answer();
  expect(made.captured.cacheStatus).toMatch(/^ai-cache; fwd=miss(; stored)?$/);
  const hit = await ask(asking, prompt, port).answer();
  expect(hit.captured.cacheStatus).toMatch(HIT);
  expectSame(asking, hit, made);
  expect(await askRaw(port, hit.captured)).toEqual(made.bytes);
  expect(callsFor(prompt)).toBe(1);
}

async function joins(asking: ClientCase): Promise<void> {
  const prompt = `${asking.title}, joined`;
  const isHeld = gate();
  const mayGoOn = gate();
  const arrived = arrivals();
  const hold = (): Promise<void> => {
    isHeld.open();
    return mayGoOn.opened;
  };
  const { port } = await serveProxy(hold, () => void arrived.note());
  const leader = ask(asking, prompt, port, { 'x-hold': prompt });
  await isHeld.opened;
  const joiner = ask(asking, prompt, port);
  await arrived.reached(2);
  if (asking.isStream) await joiner.firstByte;
  mayGoOn.open();
  await expectShared(asking, prompt, leader, joiner);
}

async function joinsElsewhere(asking: ClientCase): Promise<void> {
  await redis.cli('FLUSHALL');
  const prompt = `${asking.title}, elsewhere`;
  const [here, there] = processes;
  const leader = ask(asking, prompt, here.port, { 'x-hold': prompt });
  await here.told('held', prompt);
  const joiner = ask(asking, prompt, there.port);
  // A follower announces itself by the stream of the flight.
  await has('ai_cache:s:*');
  if (asking.isStream) await joiner.firstByte;
  here.go(prompt);
  const made = await expectShared(asking, prompt, leader, joiner);
  await has('ai_cache:e:*');
  const later = await ask(asking, prompt, there.port).answer();
  expect(later.captured.cacheStatus).toMatch(HIT);
  expectSame(asking, later, made);
  expect(callsFor(prompt)).toBe(1);
  expect(processes.map((each) => each.count('error', ''))).toEqual([0, 0]);
}

async function expectShared(asking: ClientCase, prompt: string, leader: Asked, joiner: Asked): Promise<Answered> {
  const [made, joined] = await Promise.all([leader.answer(), joiner.answer()]);
  expect(made.captured.cacheStatus).toMatch(/^ai-cache; fwd=miss(; stored)?$/);
  expect(joined.captured.cacheStatus).toBe(COLLAPSED);
  expectSame(asking, joined, made);
  expect(callsFor(prompt)).toBe(1);
  return made;
}

interface Answered {
  readonly decoded: unknown;
  readonly bytes: Buffer;
  readonly captured: Captured;
}

interface Asked {
  readonly firstByte: Promise<void>;
  answer(): Promise<Answered>;
}

/** The client says to whom it wants to speak, so that all ports are one host's. */
function ask(asking: ClientCase, prompt: string, port: number, more: Readonly<Record<string, string>> = {}): Asked {
  const { fetch, firstByte, captured } = capturingFetch();
  const headers = { 'x-forwarded-host': 'api.example', ...more };
  const decoding = asking.call({ origin: `http://127.0.0.1:${port}`, headers, fetch, prompt });
  const answer = async (): Promise<Answered> => {
    const decoded = await decoding;
    return { decoded, captured: captured(), bytes: await captured().bytes };
  };
  return { firstByte, answer };
}

function expectSame({ isStream }: ClientCase, answer: Answered, made: Answered): void {
  expect(answer.decoded).toEqual(made.decoded);
  expect(answer.bytes.equals(made.bytes)).toBe(true);
  if (!isStream) return;
  const events = eventsIn(answer.bytes);
  expect(events.length).toBeGreaterThan(3);
  expect(events).toEqual(eventsIn(made.bytes));
}

function eventsIn(bytes: Buffer): unknown[] {
  const events: unknown[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event), onError: (error) => events.push(error) });
  parser.feed(bytes.toString('utf8'));
  return events;
}

/** The same request by hand. In HTTP/1.0, so that the body is all that comes after the head. */
async function askRaw(port: number, { path, headers, body }: Captured): Promise<Buffer> {
  // What fetch adds of its own accord and is in the key.
  const added = { host: `127.0.0.1:${port}`, 'accept-language': '*' };
  const fields = { ...headers, ...added, 'content-length': String(Buffer.byteLength(body)) };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = await rawRequest(port, `POST ${path} HTTP/1.0\r\n${head.join('')}\r\n${body}`);
  const end = answer.indexOf('\r\n\r\n');
  expect(answer.subarray(0, end).toString('latin1')).toMatch(
    /^HTTP\/1\.1 200 OK\r\n[^]*^cache-status: ai-cache; hit;/im,
  );
  return answer.subarray(end + 4);
}

async function serveProxy(
  hold: () => Promise<void> = () => Promise.resolve(),
  onArrival: () => void = () => undefined,
): Promise<{ port: number }> {
  const cache = new AIResponseCache({ telemetry: false });
  onTestFinished(() => cache.close());
  return serve(proxyApp({ cache, upstream: emulator.url, hold, onArrival }));
}

/** Calls that the emulator's journal has with this prompt. */
function callsFor(prompt: string): number {
  return emulator.getRequests().filter(({ body }) => JSON.stringify(body).includes(prompt)).length;
}

/** Resolves when Redis has a key like this. */
async function has(pattern: string): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- asked again until it is there
  while ((await redis.cli('--scan', '--pattern', pattern)) === '');
}
