import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import type { Stats } from 'express-ai-cache';
import { describe, expect, it } from 'vitest';
import { faultsIn } from '../../examples/quickstart/checks.ts';
import type { Answer, Row } from '../../examples/quickstart/drive.ts';
import type { Figures } from '../../examples/quickstart/figures.ts';
import { startRedis } from '../support/redis-server.ts';

const root = join(import.meta.dirname, '../..');
const program = ['--conditions=@express-ai-cache/source', join(root, 'examples/quickstart/main.ts')];
const { PATH } = process.env;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it with nothing in its environment but `PATH` and what is given. */
async function quickstart(env: Record<string, string> = {}, args: readonly string[] = ['--exit']): Promise<Run> {
  const options = { cwd: root, env: { PATH, ...env }, timeout: 45_000 };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [...program, ...args], options)) };
  } catch (error) {
    return error as Run;
  }
}

/** The table's rows: request, HTTP, Cache-Status, and the provider calls, which the time stands before. */
function tableIn(stdout: string): string[][] {
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith('─')) + 1;
  return lines.slice(start, lines.indexOf('', start)).map((line) => {
    const cells = line.split(/ {2,}/);
    return cells.length === 5 ? [...cells.slice(0, 3), String(cells[4])] : cells;
  });
}

const withoutTtl = (rows: string[][]): string[][] =>
  rows.map((row) => row.map((cell) => cell.replace(/ttl=\d+/, 'ttl=…')));

const STREAM = 'ai-cache; fwd=miss';
const STORED = 'ai-cache; fwd=miss; stored';
const COLLAPSED = 'ai-cache; fwd=miss; collapsed';
const MEMORY_HIT = 'ai-cache; hit; ttl=…; detail=memory';
const REDIS_HIT = 'ai-cache; hit; ttl=…; detail=redis';

describe('the quickstart', () => {
  it('asks the emulator once for a question and its repeat, once for 50 at once, and ends with 0', async () => {
    const { code, stdout, stderr } = await quickstart();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = withoutTtl(tableIn(stdout));
    expect(rows.filter(([request]) => request !== '')).toEqual([
      ['first ask', '200', STORED, '1'],
      ['the same again', '200', MEMORY_HIT, '0'],
      ['50 at once, a new text', '50 × 200', `1 × ${STORED}`, '1'],
      ['a changed option', '200', STORED, '1'],
      ['another caller', '200', STORED, '1'],
      ['a stream', '200', STREAM, '1'],
      ['joined a third through', '200', COLLAPSED, '0'],
      ['the stream again', '200', MEMORY_HIT, '0'],
      ['the first, invalidated', '200', STORED, '1'],
    ]);
    // The other 49 waited for it; on a machine that is slow enough one of them comes when the answer is stored.
    const crowd = rows.filter(([request]) => request === '').map(([, cell = '']) => cell.split(' × '));
    expect(crowd.filter(([, status]) => status !== COLLAPSED && status?.startsWith('ai-cache; hit;') !== true)).toEqual(
      [],
    );
    expect(crowd.reduce((sum, [count]) => sum + Number(count), 0)).toBe(49);
    expect(stdout).toMatch(/^OpenTelemetry +58 cache\.get and 6 cache\.fill spans, 58 requests in /m);
    expect(stdout).toMatch(/^Invalidated +the collection "articles": 4 entries$/m);
    expect(stdout).toMatch(/^Saved +0\.\d*[1-9]\d* USD, [\d ]+ input and [\d ]+ output tokens, \d+\.\d seconds/m);
    expect(stdout).toMatch(
      /^First byte +of the stream after \d+ ms, of the one that joined it after \d+ ms, of its repeat after \d+ ms$/m,
    );
    expect(stdout).toContain('Everything came out as it should.');
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });

  it('with REDIS_URL finds an answer at another instance, and does not mind other runs on the same Redis', async () => {
    const redis = await startRedis();
    try {
      const runs = await Promise.all([quickstart({ REDIS_URL: redis.url }), quickstart({ REDIS_URL: redis.url })]);
      for (const { code, stdout } of runs) {
        expect(stdout).toContain('memory, Redis (ready)');
        expect(withoutTtl(tableIn(stdout)).slice(-2)).toEqual([
          ['the first, at another instance', '200', REDIS_HIT, '0'],
          ['the first, invalidated', '200', STORED, '1'],
        ]);
        expect(stdout).toMatch(/^Invalidated +the collection "articles": 4 entries$/m);
        expect(code).toBe(0);
      }
      expect((await redis.cli('keys', '*:e:*')).split('\n')).toHaveLength(4);
    } finally {
      await redis.stop();
    }
  });

  it('says what is wrong and ends with 1 where Redis is not there, with every request answered', async () => {
    const { code, stdout, stderr } = await quickstart({ REDIS_URL: '/nowhere/redis.sock' });
    expect(code).toBe(1);
    expect(stderr).toContain('No connection to Redis: ENOENT.');
    expect(tableIn(stdout).filter((row) => row.length === 4 && !/\b200$/.test(row[1] ?? ''))).toEqual([]);
    expect(stdout).toMatch(/^Invalidated +the collection "articles": failed$/m);
    expect(stdout).toContain('- the first, at another instance: not from Redis: Cache-Status is ai-cache; fwd=miss');
  });

  it('asks the provider that OPENAI_API_KEY and OPENAI_BASE_URL name, and counts the calls itself', async () => {
    const provider = new LLMock({ port: 0 });
    const content = Array.from({ length: 60 }, (_, index) => index + 1).join(', ');
    provider.onMessage(/[^]*/, { content }, { chunkSize: 5, latency: 10 });
    await provider.start();
    try {
      const { code, stdout } = await quickstart({ OPENAI_API_KEY: 'secret', OPENAI_BASE_URL: `${provider.url}/v1` });
      expect(code).toBe(0);
      expect(stdout).toContain(`gpt-4o-mini at 127.0.0.1:${provider.port}`);
      expect(stdout).not.toContain('secret');
      expect(provider.getRequests()).toHaveLength(6);
    } finally {
      await provider.stop();
    }
  });

  it('names a PORT that is none, and an argument that it does not know', async () => {
    expect(await quickstart({ PORT: 'abc' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PORT is "abc"'),
    });
    expect(await quickstart({}, ['--exti'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--exti') });
  });

  it('without --exit stays up, answers what it invites to, and ends on SIGINT with 0', async () => {
    const child = spawn(process.execPath, program, { cwd: root, env: { PATH }, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let printed = '';
    const invited = Promise.withResolvers<void>();
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Ctrl-C ends this.')) invited.resolve();
    });
    try {
      await Promise.race([invited.promise, exited]);
      const urls = [...printed.matchAll(/^(?:Dashboard|Statistics|Performance|State|Prometheus) +(http\S+)$/gm)].map(
        ([, url]) => String(url),
      );
      const statuses = await Promise.all(urls.map(async (url) => (await fetch(url)).status));
      expect(statuses).toEqual([200, 200, 200, 200, 200]);
    } finally {
      child.kill('SIGINT');
    }
    expect(await exited).toEqual([0, null]);
  });
});

describe('faultsIn', () => {
  const answer = (cacheStatus: string, fields: Partial<Answer> = {}): Answer => ({
    status: 200,
    cacheStatus,
    body: 'a',
    firstByteAt: 1,
    endedAt: 3,
    ...fields,
  });
  const made = answer(STORED);
  const timed = { sentAt: 0, ms: 3 };
  const good = {
    made: { title: 'made', expected: 'made', answers: [made], ...timed, providerCalls: 1 },
    memory: {
      title: 'memory',
      expected: 'memory',
      answers: [answer('ai-cache; hit; ttl=9; detail=memory')],
      ...timed,
      providerCalls: 0,
      repeats: made,
    },
    shared: { title: 'shared', expected: 'shared', answers: [answer(COLLAPSED), made], ...timed, providerCalls: 1 },
    streamed: { title: 'streamed', expected: 'streamed', answers: [answer(STREAM)], ...timed, providerCalls: 1 },
    joined: {
      title: 'joined',
      expected: 'joined',
      answers: [answer(COLLAPSED, { firstByteAt: 2 })],
      ...timed,
      providerCalls: 0,
      repeats: answer(STREAM),
    },
  } as const satisfies Record<string, Row>;
  const figures = (stats: Partial<Stats> = {}, rest: Partial<Figures> = {}): Figures => ({
    stats: {
      hits: 1,
      misses: 3,
      stale: 0,
      coalesced: 2,
      bypassed: 0,
      errors: 0,
      hitRatio: 0.5,
      saved: { usd: 1, inputTokens: 1, outputTokens: 1, seconds: 1, unknown: 0 },
      byModel: [],
      ...stats,
    },
    removed: 2,
    getSpans: 6,
    fillSpans: 3,
    requestsMeasured: 6,
    ...rest,
  });
  const faults = (
    rows: Partial<Record<keyof typeof good, Partial<Row>>>,
    of = figures(),
    isEmulated = true,
  ): string[] => {
    const names = ['made', 'memory', 'shared', 'streamed', 'joined'] as const;
    return faultsIn(
      names.map((name) => ({ ...good[name], ...rows[name] })),
      of,
      { isEmulated },
    );
  };

  it('finds none where everything is as it should be', () => {
    expect(faults({})).toEqual([]);
  });

  it('finds a repeat that was made anew', () => {
    expect(faults({ memory: { answers: [made], providerCalls: 1 } })).toEqual([
      `memory: not from the memory tier: Cache-Status is ${STORED}`,
      'memory: provider calls: 1, not 0',
    ]);
  });

  it('finds a repeat with other bytes', () => {
    const other = answer('ai-cache; hit; ttl=9; detail=memory', { body: 'b' });
    expect(faults({ memory: { answers: [other] } })).toEqual(['memory: the answers are not byte for byte the same']);
  });

  it('finds that a crowd asked the provider twice', () => {
    expect(faults({ shared: { answers: [made, made], providerCalls: 2 } })).toHaveLength(2);
  });

  it('finds an answer that was not stored, an error, and no answer at all', () => {
    expect(faults({ made: { answers: [answer('ai-cache; fwd=miss; detail=private')] } })).toHaveLength(1);
    expect(faults({ streamed: { answers: [answer('ai-cache; fwd=miss; detail=no-cache')] } })).toHaveLength(1);
    expect(faults({ made: { answers: [answer(STORED, { status: 502 })] } })).toEqual(['made: HTTP status 502, a']);
    expect(faults({ made: { answers: [] } })).toContain('made: there is no answer');
  });

  it('finds a stream that was joined when it had ended, that was not joined, or that came with other bytes', () => {
    const late = answer(COLLAPSED, { firstByteAt: 4, endedAt: 5 });
    expect(faults({ joined: { answers: [late] } })).toEqual(['joined: nothing came before the stream had ended']);
    expect(faults({ joined: { answers: [answer(STREAM)], providerCalls: 1 } })).toEqual([
      `joined: not a part in a stream of another request: Cache-Status is ${STREAM}`,
      'joined: provider calls: 1, not 0',
    ]);
    expect(faults({ joined: { answers: [answer(COLLAPSED, { body: 'b' })] } })).toEqual([
      'joined: the answers are not byte for byte the same',
    ]);
  });

  it('lets a real provider be asked again for an answer, but not for a repeat', () => {
    expect(faults({ made: { providerCalls: 2 } })).toEqual(['made: provider calls: 2, not 1']);
    expect(faults({ made: { providerCalls: 2 } }, figures(), false)).toEqual([]);
    expect(faults({ made: { providerCalls: 0 } }, figures(), false)).toHaveLength(1);
    expect(faults({ memory: { providerCalls: 1 } }, figures(), false)).toHaveLength(1);
  });

  it('finds counts that do not add up, spans that are missing and savings that are not there', () => {
    expect(faults({}, figures({ misses: 4 }))).toEqual(['misses: 4, not 3']);
    expect(faults({}, figures({ coalesced: 0 }))).toHaveLength(1);
    expect(faults({}, figures({ errors: 1 }))).toHaveLength(1);
    expect(faults({}, figures({}, { getSpans: 0 }))).toEqual(['cache.get spans: 0, not 6']);
    expect(faults({}, figures({}, { fillSpans: 4 }))).toHaveLength(1);
    expect(faults({}, figures({}, { removed: 3 }))).toEqual(['entries invalidated: 3, not 2']);
    expect(faults({}, figures({}, { removed: Number.NaN }))).toEqual(['entries invalidated: NaN, not 2']);
    expect(faults({}, figures({}, { requestsMeasured: 0 }))).toHaveLength(1);
    expect(faults({}, figures({ saved: { usd: 0, inputTokens: 0, outputTokens: 0, seconds: 1, unknown: 2 } }))).toEqual(
      ['nothing was saved'],
    );
  });
});
