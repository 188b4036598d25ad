import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drive } from '../../examples/translation/drive.ts';
import { startInstance } from '../../examples/translation/instance.ts';
import { startRedis } from '../support/redis-server.ts';

const root = join(import.meta.dirname, '../..');
const program = ['--conditions=@express-ai-cache/source', join(root, 'examples/translation/main.ts')];
const { PATH } = process.env;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function example(env: Record<string, string> = {}): Promise<Run> {
  const options = { cwd: root, env: { PATH, ...env }, timeout: 45_000 };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [...program, '--exit'], options)) };
  } catch (error) {
    return error as Run;
  }
}

async function started(): Promise<Awaited<ReturnType<typeof startInstance>>> {
  const instance = await startInstance(0, undefined);
  onTestFinished(() => instance.stop());
  return instance;
}

async function send(url: string, body: unknown, headers: Record<string, string> = {}): Promise<[number, unknown]> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return [answer.status, text === '' ? undefined : JSON.parse(text)];
}

describe('the translation example', () => {
  it('shows hits, a batch, a fallback and a webhook, and ends with 0', async () => {
    const { code, stdout, stderr } = await example();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').flatMap((line) => {
      const [, status, calls] = /^.{42} {2}(\d{3}) {3}((?:[\d·] ?){4})/.exec(line) ?? [];
      return status === undefined ? [] : [`${status} ${calls?.trim()}`];
    });
    expect(rows).toEqual([
      '200 1 · · ·',
      '200 · · · ·',
      '200 1 · · ·',
      '200 2 · · ·',
      '200 2 1 · ·',
      '200 · · · ·',
      '502 2 2 2 2',
      '200 1 · · ·',
      '200 · · · ·',
      '200 1 · · ·',
      '200 · · · ·',
    ]);
    expect(stdout).toContain('Translations  5 hits, 7 made, 1 coalesced, 1 failed');
    expect(stdout).toContain('Everything came out as it should.');
  });

  it('comes out the same with Redis', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { code, stdout, stderr } = await example({ REDIS_URL: redis.url });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Everything came out as it should.');
  });

  it('notices what is not as it should be', async () => {
    const instance = await started();
    const faulty = { ...instance, emulators: { ...instance.emulators, openai: instance.emulators.anthropic } };
    const rows = await drive(faulty, () => undefined);
    expect(rows.filter(({ fault }) => fault !== undefined)).not.toEqual([]);
  });

  it('stays up without --exit, and ends when it is told to', async () => {
    const child = spawn(process.execPath, program, { cwd: root, env: { PATH }, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let printed = '';
    const ended = once(child, 'exit');
    child.stdout.on('data', (chunk) => {
      printed += String(chunk);
      if (!child.killed && printed.includes('Ctrl-C ends this.')) child.kill('SIGTERM');
    });
    expect(await ended).toEqual([0, null]);
  });

  it('fails on demand, and heals', async () => {
    const { origin } = await started();
    const translate = (text: string): Promise<[number, unknown]> => send(`${origin}/api/translate`, { text, to: 'fr' });
    expect(await send(`${origin}/demo/openai`, { fail: 503 })).toEqual([204, undefined]);
    expect(await translate('a')).toMatchObject([200, { provider: 'anthropic', fallback: true }]);
    expect(await send(`${origin}/demo/openai`, {})).toEqual([204, undefined]);
    expect(await translate('b')).toMatchObject([200, { provider: 'openai', fallback: false }]);
    expect(await send(`${origin}/demo/nobody`, {})).toMatchObject([400, { error: expect.any(String) }]);
  });

  it.each<[string, unknown, string]>([
    ['/api/translate', {}, 'The field "text" of the translation'],
    ['/api/translate', { text: 'a', to: 5 }, 'The field "to" of the translation'],
    ['/api/translate/batch', { items: 'x' }, 'Send { items'],
    ['/api/translate/batch', { items: Array.from({ length: 101 }, () => ({})) }, 'at most 100'],
  ])('%s answers 400 to what is no translation', async (path, body, message) => {
    const { origin } = await started();
    expect(await send(origin + path, body)).toMatchObject([400, { error: expect.stringContaining(message) }]);
  });

  it('lets nobody invalidate without the secret, and no caller choose whose translation it gets', async () => {
    const { origin, emulators } = await started();
    const article = { text: 'a', to: 'fr', collection: 'articles' };
    await send(`${origin}/api/translate`, article);
    expect((await send(`${origin}/webhooks/content`, { collection: 'articles' }))[0]).toBe(401);
    expect(await send(`${origin}/api/translate`, { ...article, tenant: 'other', tags: ['x'] })).toMatchObject([
      200,
      { cached: true },
    ]);
    expect(emulators.openai.calls()).toBe(1);
  });
});
