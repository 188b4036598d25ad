import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { partsOf } from '../../src/ai-response-cache.ts';
import { cachedSite, HIT, STORED } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';
import { turnsUntil } from '../support/turns.ts';

/** Memory takes large answers, and those to long texts. */
const ROOMY = {
  memory: { maxEntryBytes: 8_000_000 },
  memoryTextTiers: ['small', 'medium', 'large', 'xlarge'],
} as const;

/** A chat completion so large that it is judged in turns. */
function chat(finish: string): object {
  const message = { role: 'assistant', content: 'word '.repeat(600_000) };
  return { object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }] };
}

const messages = Array.from({ length: 8_000 }, (_, index) => ({
  role: 'user',
  content: `${index} ${'x'.repeat(300)}`,
}));
const prompt = JSON.stringify({ model: 'm', messages });
const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: prompt };

describe.each(expressVersions)('a large body on $name', ({ express }) => {
  it('of an answer is judged while others are served, then stored', async () => {
    const order: string[] = [];
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.json(chat('stop'));
        setImmediate(() => order.push('another turn'));
      },
      { cache: ROOMY, clock: manualClock(), route: { shouldStore: () => order.push('judged') > 0 } },
    );
    const first = await site.ask();
    await turnsUntil(() => order.includes('judged'));
    const second = await site.ask();
    expect(order).toEqual(['another turn', 'judged']);
    // When the head went out it was not known yet.
    expect([first.cacheStatus, second.cacheStatus]).toEqual(['ai-cache; fwd=miss', HIT]);
    expect([first.text, second.text]).toEqual([JSON.stringify(chat('stop')), JSON.stringify(chat('stop'))]);
    expect(site.runs).toBe(1);
  });

  it('of an answer that was cut by its length is not stored', async () => {
    const site = await cachedSite(express, (_req, res) => res.json(chat('length')), { cache: ROOMY });
    const notStored = (): number => site.cache.monitor.snapshot().requests.notStoredReasons['finish-length'] ?? 0;
    const first = await site.ask();
    await turnsUntil(() => notStored() === 1);
    const second = await site.ask();
    await turnsUntil(() => notStored() === 2);
    expect([first.cacheStatus, second.cacheStatus]).toEqual(['ai-cache; fwd=miss', 'ai-cache; fwd=miss']);
    expect(site.runs).toBe(2);
  });

  it('of an answer is one run for all who ask while it is judged', async () => {
    const late: Promise<{ text: string }>[] = [];
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.json(chat('stop'));
        late.push(site.ask(), site.ask());
      },
      { cache: ROOMY },
    );
    const first = await site.ask();
    const others = await Promise.all(late);
    expect(others.map(({ text }) => text)).toEqual([first.text, first.text]);
    expect(site.runs).toBe(1);
  });

  it('of an answer is not stored by a cache that was closed while it was judged', async () => {
    let judged = false;
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.json(chat('stop'));
        setImmediate(() => void site.cache.close());
      },
      { cache: { ...ROOMY, compression: false }, route: { shouldStore: () => (judged = true) } },
    );
    const answer = await site.ask();
    await turnsUntil(() => judged);
    await turn();
    expect([answer.status, site.runs]).toEqual([200, 1]);
    expect(partsOf(site.cache).memory?.stats().entries).toBe(0);
  });

  it.each(['parsed', 'raw'] as const)('of a request that is %s is keyed while others are served', async (body) => {
    const order: string[] = [];
    const site = await cachedSite(
      express,
      (req, res, run) => {
        order.push('handler');
        res.json({ run, messages: (req.body as { messages: unknown[] }).messages.length });
      },
      {
        cache: ROOMY,
        clock: manualClock(),
        parser: body === 'raw' ? false : express.json({ limit: '20mb' }),
        route: {
          body,
          bodyLimitBytes: 20_000_000,
          tags: () => {
            setImmediate(() => order.push('another turn'));
            return [];
          },
        },
      },
    );
    const answers = await site.askInTurn(asked, asked, { ...asked, body: prompt.replace('7999', '8000') });
    expect(order.slice(0, 2)).toEqual(['another turn', 'handler']);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, HIT, STORED]);
    expect(answers.map(({ text }) => text)).toEqual([
      '{"run":1,"messages":8000}',
      '{"run":1,"messages":8000}',
      '{"run":2,"messages":8000}',
    ]);
    expect(site.runs).toBe(2);
  });

  it('of a request that cannot be keyed goes past the cache', async () => {
    const site = await cachedSite(express, (req, res) =>
      res.json((req.body as { messages: unknown[] }).messages.length),
    );
    const unsafe = { ...asked, body: prompt.replace('"model":"m"', '"z":12345678901234567890') };
    const answers = await site.askInTurn(unsafe, unsafe);
    expect(answers.map(({ cacheStatus, text }) => [cacheStatus, text])).toEqual([
      ['ai-cache; fwd=bypass; detail=unkeyable', '8000'],
      ['ai-cache; fwd=bypass; detail=unkeyable', '8000'],
    ]);
    expect(site.runs).toBe(2);
  });
});
