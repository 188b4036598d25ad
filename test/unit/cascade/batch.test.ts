import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { ProviderCascadeOptions } from '../../../src/cascade/options.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import type { AICacheError } from '../../../src/errors.ts';
import { gate } from '../../support/gate.ts';
import { answers, fails, scripted, waits, type Act } from '../../support/scripted-provider.ts';

function cascadeOf(
  providers: ProviderCascadeOptions['providers'],
  cache: AIResponseCache = new AIResponseCache(),
): ProviderCascade {
  return new ProviderCascade({ cache, providers, retries: 0 });
}

const texts = (...some: readonly string[]): { text: string }[] => some.map((text) => ({ text }));

const failsOn =
  (part: string): Act =>
  (request, signal) =>
    (request.text.includes(part) ? fails(401) : answers)(request, signal);

describe('a batch', () => {
  it('of 100 with 60 hits, 10 inner duplicates and 3 failures calls for the 30 others alone, and answers in order', async () => {
    const [first, second] = [scripted('one', failsOn('bad')), scripted('two', failsOn('bad'))];
    const cascade = cascadeOf([first, second]);
    const hits = Array.from({ length: 60 }, (_, index) => ({ text: `hit ${index}` }));
    await cascade.completeBatch(hits);
    first.call.asked.length = 0;

    const misses = Array.from({ length: 27 }, (_, index) => ({ text: `miss ${index}` }));
    const bad = texts('bad 0', 'bad 1', 'bad 2');
    const requests = [hits, misses, bad, misses.slice(0, 10)]
      .flat()
      .toSorted((a, b) => (a.text.split(' ')[1] ?? '').localeCompare(b.text.split(' ')[1] ?? ''));
    expect(requests).toHaveLength(100);
    const items = await cascade.completeBatch(requests);

    expect(first.call.asked.map(({ text }) => text).toSorted()).toEqual(
      [...misses, ...bad].map(({ text }) => text).toSorted(),
    );
    expect(second.call.asked.map(({ text }) => text).toSorted()).toEqual(['bad 0', 'bad 1', 'bad 2']);
    const described = items.map((item) =>
      item.status === 'fulfilled' ? `${item.cached ? 'hit' : 'made'} ${item.response.text()}` : 'failed',
    );
    for (const [place, { text }] of requests.entries()) {
      const [kind = ''] = text.split(' ');
      const words = { hit: ['hit', `one: ${text}"`], miss: ['made', `one: ${text}"`], bad: ['failed'] }[kind] ?? [];
      for (const word of words) expect(described[place]).toContain(word);
    }
    const count = (wanted: (item: (typeof items)[number]) => boolean): number => items.filter(wanted).length;
    expect(count((item) => item.status === 'fulfilled' && item.cached)).toBe(60);
    expect(count((item) => item.status === 'fulfilled' && item.coalesced)).toBe(10);
    expect(count((item) => item.status === 'rejected' && (item.error as AICacheError).code === 'CASCADE_FAILED')).toBe(
      3,
    );
    expect(cascade.cache.stats()).toMatchObject({ hits: 60, misses: 60 + 27, coalesced: 10, errors: 3 });
  });

  it('runs no more at a time than it may, in their order', async () => {
    let running = 0;
    let most = 0;
    const first = scripted('one', async (request, signal) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return answers(request, signal);
    });
    await cascadeOf([first]).completeBatch(texts('1', '2', '3', '4', '5', '6', '7'), { concurrency: 3 });
    expect(most).toBe(3);
    expect(first.call.asked.map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('fails alone where an item is no request', async () => {
    const cascade = cascadeOf([scripted('one', answers)]);
    const items = await cascade.completeBatch([{ text: 'a' }, { text: 7 } as never, null as never, { text: 'b' }]);
    expect(items.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(items[1]).toMatchObject({ error: { code: 'INVALID_REQUEST', option: 'text' } });
  });

  it('tells of each item, and does not mind a listener that throws', async () => {
    const told: unknown[] = [];
    const errors: AICacheError[] = [];
    const cache = new AIResponseCache({ onError: (error) => errors.push(error) });
    const cascade = cascadeOf([scripted('one', failsOn('bad'))], cache);
    await cascade.complete({ text: 'a' });
    const onProgress = (progress: unknown): void => {
      told.push(progress);
      throw new Error('listener');
    };
    const items = await cascade.completeBatch([...texts('a', 'b', 'b', 'bad'), 0 as never], { onProgress });
    expect(items.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(told).toEqual([1, 2, 3, 4, 5].map((done) => ({ done, total: 5 })));
    expect(errors.filter(({ option }) => option === 'onProgress')).toMatchObject(
      told.map(() => ({ code: 'USER_FUNCTION_FAILED', cause: { message: 'listener' } })),
    );
  });

  it('shares what is being answered for somebody else', async () => {
    const opened = gate();
    const first = scripted('one', waits(opened.opened));
    const cascade = cascadeOf([first]);
    const alone = cascade.complete({ text: 'a' });
    const batch = cascade.completeBatch(texts('a', 'b'));
    opened.open();
    expect(await alone).toMatchObject({ coalesced: false });
    expect(await batch).toMatchObject([{ coalesced: true }, { coalesced: false }]);
    expect(first.call.asked).toHaveLength(2);
  });

  it('calls nobody for what was answered while it waited for its turn', async () => {
    const first = scripted('one', answers);
    const cascade = cascadeOf([first]);
    const requests = ['1', '2', '3', '4'].map((text) => ({ text }));
    const batches = [requests, requests.toReversed()].map((some) => cascade.completeBatch(some, { concurrency: 1 }));
    const [forwards, backwards] = await Promise.all(batches);
    expect(first.call.asked).toHaveLength(4);
    expect(forwards?.map((item) => item.status === 'fulfilled' && item.response.text())).toEqual(
      backwards?.map((item) => item.status === 'fulfilled' && item.response.text()).toReversed(),
    );
  });

  it('rejects what is not answered when its signal is aborted, and calls nobody any more', async () => {
    const opened = gate();
    const called = gate();
    const first = scripted('one', (request, signal) => {
      called.open();
      return waits(opened.opened)(request, signal);
    });
    const cascade = cascadeOf([first]);
    const leaving = new AbortController();
    const batch = cascade.completeBatch(texts('a', 'b', 'c'), { signal: leaving.signal, concurrency: 1 });
    await called.opened;
    leaving.abort(new Error('left'));
    expect(await batch).toMatchObject([1, 2, 3].map(() => ({ status: 'rejected', error: { message: 'left' } })));
    expect(first.call.asked).toHaveLength(1);
    expect(first.call.signals[0]?.aborted).toBe(true);
  });

  it('of nothing is answered with nothing', async () => {
    expect(await cascadeOf([scripted('one', answers)]).completeBatch([])).toEqual([]);
  });

  it.each([
    [{ concurrency: 0 }, 'INVALID_OPTION', 'concurrency'],
    [{ onProgress: 'x' }, 'INVALID_OPTION', 'onProgress'],
    [{ concurency: 1 }, 'UNKNOWN_OPTION', 'concurency'],
  ])('refuses the options %j', async (options, code, option) => {
    const work = cascadeOf([scripted('one', answers)]).completeBatch([], options as never);
    await expect(work).rejects.toMatchObject({ code, option });
  });
});
