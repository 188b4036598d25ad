import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { demonstrate, faultsIn } from '../../examples/gateway/demonstration.ts';
import { startRedis } from '../support/redis-server.ts';

const root = join(import.meta.dirname, '../..');
const program = ['--conditions=@express-ai-cache/source', join(root, 'examples/gateway/main.ts')];
const { PATH } = process.env;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it with nothing in its environment but `PATH` and what is given. */
async function gateway(env: Record<string, string> = {}, args: readonly string[] = ['--exit']): Promise<Run> {
  const options = { cwd: root, env: { PATH, ...env }, timeout: 60_000 };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [...program, ...args], options)) };
  } catch (error) {
    return error as Run;
  }
}

/** The table's rows: client, and the provider's calls. */
function tableIn(stdout: string): (string | undefined)[][] {
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith('─')) + 1;
  return lines.slice(start, lines.indexOf('', start)).map((line) => {
    const cells = line.split(/ {2,}/);
    return [cells[0], cells.at(-1)];
  });
}

const CLIENTS = [
  'openai chat.completions',
  'openai chat.completions.stream',
  'openai responses',
  'openai embeddings of a list',
  '@anthropic-ai/sdk messages.stream',
  '@mistralai/mistralai chat.complete',
  'openai with DeepSeek',
  'ai generateText',
];

describe('the gateway example', () => {
  it('asks the emulator once for each client and its repeat, once for 5 at once, and ends with 0', async () => {
    const { code, stdout, stderr } = await gateway();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tableIn(stdout)).toEqual(CLIENTS.map((client) => [client, '1 / 0 / 1']));
    expect(stdout).toContain('Everything came out as it should.');
    expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });

  it('with REDIS_URL keeps its answers there, and does not find those of an earlier run', async () => {
    const redis = await startRedis();
    try {
      expect((await gateway({ REDIS_URL: redis.url })).code).toBe(0);
      const stored = async (): Promise<number> => (await redis.cli('keys', '*:e:*')).split('\n').length;
      const entries = await stored();
      expect(entries).toBeGreaterThanOrEqual(CLIENTS.length * 2);
      expect((await gateway({ REDIS_URL: redis.url })).code).toBe(0);
      expect(await stored()).toBe(entries * 2);
    } finally {
      await redis.stop();
    }
  });

  it('asks a real provider with the key of its client alone, and not without one', async () => {
    const provider = new LLMock({ port: 0 });
    provider.onMessage(/[^]*/, { content: 'An answer.' });
    await provider.start();
    try {
      const env = {
        DEEPSEEK_BASE_URL: `${provider.url}/v1`,
        ANTHROPIC_BASE_URL: provider.url,
        DEEPSEEK_API_KEY: 'secret',
      };
      const { code, stdout } = await gateway(env);
      expect(code).toBe(0);
      const rows = tableIn(stdout);
      expect(rows.find(([client]) => client === 'openai with DeepSeek')).toEqual([
        'openai with DeepSeek',
        'not counted',
      ]);
      expect(rows.filter(([client]) => client?.startsWith('@anthropic-ai'))).toEqual([]);
      expect(stdout).not.toContain('secret');
      expect(provider.getRequests()).toHaveLength(2);
    } finally {
      await provider.stop();
    }
  });

  it('names a PORT and a base URL that are none, and an argument that it does not know', async () => {
    expect(await gateway({ PORT: 'abc' })).toMatchObject({ code: 1, stderr: expect.stringContaining('PORT is "abc"') });
    expect(await gateway({ OPENAI_BASE_URL: 'x' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('OPENAI_BASE_URL is "x"'),
    });
    expect(await gateway({}, ['--exti'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--exti') });
  });

  it('without --exit stays up, serves a client that has its base URL, and ends on SIGINT with 0', async () => {
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
      const [, baseURL] = /OPENAI_BASE_URL=(\S+)/.exec(printed) ?? [];
      const openai = new OpenAI({ apiKey: 'key', baseURL: String(baseURL) });
      const { output_text: text } = await openai.responses.create({ model: 'gpt-4o-mini', input: 'Hello' });
      expect(text).toContain('A gateway');
    } finally {
      child.kill('SIGINT');
    }
    expect(await exited).toEqual([0, null]);
  });
});

describe('faultsIn of the gateway example', () => {
  const told = async (answers: readonly unknown[], calls: readonly number[]): Promise<string[]> => {
    const left = [...answers];
    const counts = [...calls];
    const ask = { title: 'client', provider: 'openai' as const, call: () => Promise.resolve(left.shift()) };
    return faultsIn(await demonstrate(ask, () => counts.shift() ?? 0));
  };
  const GOOD_CALLS = [0, 1, 1, 1, 1, 2];

  it('finds none where everything is as it should be', async () => {
    expect(
      await told(
        Array.from({ length: 7 }, () => ({ a: 1 })),
        GOOD_CALLS,
      ),
    ).toEqual([]);
  });

  it('finds a repeat and a shared answer that read differently', async () => {
    const same = { a: 1 };
    expect(await told([same, { a: 2 }, same, same, same, same, same], GOOD_CALLS)).toHaveLength(1);
    expect(await told([same, same, same, same, same, same, { a: 2 }], GOOD_CALLS)).toHaveLength(1);
  });

  it('finds calls that were not needed', async () => {
    const answers = Array.from({ length: 7 }, () => ({ a: 1 }));
    expect(await told(answers, [0, 1, 1, 2, 2, 3])).toEqual(['client: provider calls 1, 1, 1, not 1, 0, 1']);
    expect(await told(answers, [0, 1, 1, 1, 1, 6])).toHaveLength(1);
  });
});
