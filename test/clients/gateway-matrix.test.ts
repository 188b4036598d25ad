import { LLMock } from '@copilotkit/aimock';
import type { ChatCompletionRequest, Mountable } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway } from '../../examples/gateway/app.ts';
import { emulatedEmbeddings } from '../../examples/gateway/emulated-embeddings.ts';
import { providersFrom } from '../../examples/gateway/providers.ts';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { AICacheError } from '../../src/errors.ts';
import { arrivals } from '../support/arrivals.ts';
import { gate } from '../support/gate.ts';
import { listen, type Listening } from '../support/http.ts';
import { gatewayCases, type GatewayCase } from './gateway-cases.ts';
import { originsBelow } from './gateway-site.ts';

/** Characters of one to four bytes. */
const CONTENT = 'Grüße aus Köln, 世界! 🙂 '.repeat(6);
const CROWD = 3;

const MISS = /^ai-cache; fwd=miss(; stored)?$/;
const HIT = /^ai-cache; hit; ttl=\d+; detail=memory$/;
const COLLAPSED = 'ai-cache; fwd=miss; collapsed';

let emulator: LLMock;
let cache: AIResponseCache;
let gateway: Listening;
/** What the emulator waits for before it answers. */
let held: Promise<void> = Promise.resolve();
const arrived = arrivals();
const errors: AICacheError[] = [];
const table: string[][] = [['SDK', 'operation', 'miss', 'hit', 'coalesced', 'streamed', 'calls']];

beforeAll(async () => {
  emulator = await startEmulator();
  const enabled = (): boolean => !arrived.note();
  cache = new AIResponseCache({ telemetry: false, enabled, onError: (error) => void errors.push(error) });
  gateway = await listen(createGateway({ cache, providers: providersFrom({}, emulator.url) }));
});

afterAll(async () => {
  await gateway.close();
  await cache.close();
  await emulator.stop();
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  console.log(`\n${lines.join('\n')}\n`);
});

async function startEmulator(): Promise<LLMock> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 });
  const answering = async <T>(answer: T): Promise<T> => {
    await held;
    return answer;
  };
  const call = { name: 'get_weather', arguments: '{"city":"Köln"}' };
  mock.onMessage(/^tool: /, (_request: ChatCompletionRequest) => answering({ toolCalls: [call] }));
  mock.onMessage(/[^]*/, () => answering({ content: CONTENT }), { chunkSize: 7 });
  const embeddings = emulatedEmbeddings();
  const heldEmbeddings: Mountable = {
    ...embeddings,
    handleRequest: async (...request) => {
      await held;
      return embeddings.handleRequest(...request);
    },
  };
  mock.mount('/v1/embeddings', heldEmbeddings);
  await mock.start();
  return mock;
}

interface Asked {
  readonly decoded: unknown;
  readonly cacheStatus: string;
}

async function ask({ call }: GatewayCase, prompt: string): Promise<Asked> {
  const origin = originsBelow(gateway.url);
  const statuses: (string | null)[] = [];
  const noting: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.headers.get('cache-status'));
    return response;
  };
  const decoded = await call({ origin, fetch: noting, prompt });
  expect(statuses).toHaveLength(1);
  return { decoded, cacheStatus: String(statuses[0]) };
}

/** How often the emulator was asked while this ran. */
async function callsDuring<T>(work: () => Promise<T>): Promise<[result: T, calls: number]> {
  const before = emulator.getRequests().length;
  const result = await work();
  return [result, emulator.getRequests().length - before];
}

describe('through the gateway', () => {
  it.each(gatewayCases)('$sdk $operation reads the same from a miss, a hit and a shared answer', async (asking) => {
    const prompt = `${asking.sdk} ${asking.operation}`;
    const [[miss, hit], calls] = await callsDuring(async () => [await ask(asking, prompt), await ask(asking, prompt)]);
    expect(miss.cacheStatus).toMatch(MISS);
    expect(hit.cacheStatus).toMatch(HIT);
    expect(hit.decoded).toEqual(miss.decoded);
    expect(calls).toBe(1);

    const [crowd, sharedCalls] = await callsDuring(() => askAtOnce(asking, `${prompt}, at once`));
    const statuses = crowd.map(({ cacheStatus }) => cacheStatus);
    expect(statuses.filter((status) => status === COLLAPSED)).toHaveLength(CROWD - 1);
    expect(statuses.filter((status) => MISS.test(status))).toHaveLength(1);
    for (const { decoded } of crowd) expect(decoded).toEqual(crowd[0]?.decoded);
    expect(sharedCalls).toBe(1);

    const events = asking.isStream ? (miss.decoded as unknown[]).length : 0;
    expect(events > 3).toBe(asking.isStream);
    const streamed = asking.isStream ? `${events} events` : 'read whole';
    table.push([
      asking.sdk,
      asking.operation,
      'made',
      'equal',
      `${CROWD} equal`,
      streamed,
      `${calls} + ${sharedCalls}`,
    ]);
    expect(errors).toEqual([]);
  });
});

/** The emulator answers when all of them have come to the cache. */
async function askAtOnce(asking: GatewayCase, prompt: string): Promise<Asked[]> {
  const mayAnswer = gate();
  held = mayAnswer.opened;
  const expected = arrived.count + CROWD;
  const crowd = Promise.all(Array.from({ length: CROWD }, () => ask(asking, prompt)));
  await Promise.race([arrived.reached(expected), crowd]);
  mayAnswer.open();
  return crowd;
}
