import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import { gate } from '../../support/gate.ts';

const request = { text: 'What is a cache?' };

function newCache(options: AIResponseCacheOptions = {}): AIResponseCache {
  const cache = new AIResponseCache({ telemetry: false, ...options });
  onTestFinished(() => cache.close());
  return cache;
}

function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'an answer',
    (error: Error) => error.message,
  );
}

describe('getOrFill', () => {
  it('runs the function once and gives what is stored from then on', async () => {
    const cache = newCache();
    let runs = 0;
    const fill = () => ({ run: (runs += 1) });
    const first = await cache.getOrFill(request, fill);
    const second = await cache.getOrFill(request, fill);
    expect([first.json(), second.json(), runs]).toEqual([{ run: 1 }, { run: 1 }, 1]);
    expect([first.tier, second.tier]).toEqual([undefined, 'memory']);
    expect(second.fillMs).toBeTypeOf('number');
    expect((await cache.get(request))?.json()).toEqual({ run: 1 });
    expect(cache.stats()).toMatchObject({ misses: 1, hits: 2 });
  });

  it('runs it once for 100 callers at the same time', async () => {
    const cache = newCache();
    const mayAnswer = gate();
    let runs = 0;
    const fill = async () => {
      runs += 1;
      await mayAnswer.opened;
      return 'answer';
    };
    const asked = Array.from({ length: 100 }, () => cache.getOrFill(request, fill));
    await turns();
    mayAnswer.open();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((answer) => answer.text()))).toEqual(new Set(['answer']));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(100);
    expect(runs).toBe(1);
    expect(cache.stats()).toMatchObject({ misses: 1, coalesced: 99 });
  });

  it('elects one new leader when the first fails, whose answer is shared', async () => {
    const cache = newCache();
    const mayAnswer = gate();
    let runs = 0;
    const fill = async () => {
      runs += 1;
      const run = runs;
      await mayAnswer.opened;
      if (run === 1) throw new Error('failed 1');
      return run;
    };
    const asked = Array.from({ length: 10 }, () => cache.getOrFill(request, fill));
    const ends = Promise.all(
      asked.map((one) =>
        one.then(
          (answer) => answer.text(),
          (error: Error) => error.message,
        ),
      ),
    );
    await turns();
    mayAnswer.open();
    const [first, ...others] = await ends;
    expect(first).toBe('failed 1');
    expect(others).toEqual(Array.from({ length: 9 }, () => '2'));
    expect(runs).toBe(2);
  });

  it('gives everybody the second error, after just two runs, and tries anew afterwards', async () => {
    const cache = newCache();
    const mayAnswer = gate();
    let runs = 0;
    const fill = async () => {
      runs += 1;
      const run = runs;
      await mayAnswer.opened;
      throw new Error(`failed ${run}`);
    };
    const asked = Array.from({ length: 10 }, () => messageOf(cache.getOrFill(request, fill)));
    await turns();
    mayAnswer.open();
    expect(await Promise.all(asked)).toEqual(['failed 1', ...Array.from({ length: 9 }, () => 'failed 2')]);
    expect(runs).toBe(2);
    expect((await cache.getOrFill(request, () => 'good')).text()).toBe('good');
    expect(cache.stats()).toMatchObject({ errors: 10, misses: 1 });
  });

  it('rejects with FILL_FAILED where what was thrown is no error', async () => {
    const cache = newCache();
    const fill = async (): Promise<never> => {
      await turns();
      // oxlint-disable-next-line typescript/only-throw-error -- what a program may do all the same
      throw 'text';
    };
    const ends = await Promise.all(
      [1, 2, 3].map(() =>
        cache.getOrFill(request, fill).then(
          () => 'an answer',
          (error: unknown) => error,
        ),
      ),
    );
    expect(ends[0]).toBe('text');
    expect(ends[2]).toMatchObject({ code: 'FILL_FAILED', status: 502 });
  });

  it('rejects with INVALID_RESPONSE for what is no response, and stores nothing', async () => {
    const cache = newCache();
    await expect(cache.getOrFill(request, () => undefined as never)).rejects.toMatchObject({
      code: 'INVALID_RESPONSE',
      option: 'body',
    });
    expect(await cache.get(request)).toBeUndefined();
    expect((await cache.info()).fillsActive).toBe(0);
  });

  it('gives an answer that may not be stored, every time anew', async () => {
    const cache = newCache();
    let runs = 0;
    const fill = () => ({ status: 404, body: { run: (runs += 1) } });
    expect((await cache.getOrFill(request, fill)).status).toBe(404);
    expect((await cache.getOrFill(request, fill)).json()).toEqual({ run: 2 });
  });

  it('lets callers run in parallel where the answer is its asker’s own', async () => {
    const cache = newCache();
    let runs = 0;
    const fill = async () => {
      await turns();
      return { headers: { 'cache-control': 'private' }, body: (runs += 1) };
    };
    const answers = await Promise.all([1, 2, 3].map(() => cache.getOrFill(request, fill)));
    expect(new Set(answers.map((answer) => answer.json())).size).toBe(3);
    expect(runs).toBe(3);
  });

  it('runs it for each caller with coalesce: false', async () => {
    const cache = newCache({ coalesce: false });
    let runs = 0;
    const fill = async () => {
      runs += 1;
      await turns();
      return 'x';
    };
    await Promise.all([cache.getOrFill(request, fill), cache.getOrFill(request, fill)]);
    expect(runs).toBe(2);
  });

  it('of different requests never waits for the other', async () => {
    const cache = newCache();
    const never = gate();
    const slow = cache.getOrFill(request, () => never.opened.then(() => 'slow'));
    expect((await cache.getOrFill({ text: 'other' }, () => 'quick')).text()).toBe('quick');
    never.open();
    expect((await slow).text()).toBe('slow');
  });
});
