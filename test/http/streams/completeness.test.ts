import { pipeline, Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cachedSite, HIT, STORED } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, notStored, sendEvents } from './event-stream.ts';
import { PROVIDERS } from './providers.ts';

const KNOWN_AT_THE_END = 'ai-cache; fwd=miss';

const flawed = PROVIDERS.flatMap(({ name, flawed: answers }) =>
  answers.map(([reason, what, answer]) => ({ title: `of ${name} ${what} is not stored: ${reason}`, reason, answer })),
);
const streams = flawed.flatMap(({ answer: { events }, ...rest }) =>
  events === undefined ? [] : [{ ...rest, events }],
);
const documents = flawed.flatMap(({ answer: { json }, ...rest }) => (json === undefined ? [] : [{ ...rest, json }]));

describe.each(expressVersions)('a stream on $name', ({ express }) => {
  it.each(PROVIDERS)('of $name that ended as it must is stored, and its tokens are counted', async ({ good }) => {
    const site = await cachedSite(express, (_req, res) => sendEvents(res, good.events), { clock: manualClock() });
    const [first, hit] = await site.askInTurn({}, {});
    expect([first?.text, hit?.text]).toEqual([good.events.join(''), good.events.join('')]);
    expect([first?.cacheStatus, hit?.cacheStatus]).toEqual([KNOWN_AT_THE_END, HIT]);
    expect(site.runs).toBe(1);
    expect(notStored(site)).toEqual({});
    expect(site.cache.stats().saved).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it.each(streams)('$title', async ({ events, reason }) => {
    const site = await cachedSite(express, (_req, res) => sendEvents(res, events));
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text }) => text)).toEqual([events.join(''), events.join('')]);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([KNOWN_AT_THE_END, KNOWN_AT_THE_END]);
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ [reason]: 2 });
  });

  it.each<[how: string, cut: (req: Request, res: Response) => unknown]>([
    ['destroys its response', (_req, res) => res.write(EVENTS[0], () => res.destroy())],
    ['destroys its socket', (req, res) => res.write(EVENTS[0], () => req.socket.destroy())],
    ['resets its connection', (req, res) => res.write(EVENTS[0], () => req.socket.resetAndDestroy())],
    ['breaks off in a pipeline', (_req, res) => pipeline(upstreamThatBreaks(), res, () => undefined)],
    [
      'throws after its first event',
      (req, res) => res.write(EVENTS[0], () => req.next?.(new Error('The upstream is gone.'))),
    ],
  ])('is not stored where the handler %s: unfinished', async (_how, cut) => {
    const behind = (app: ReturnType<typeof express>): unknown => app.set('env', 'test');
    const site = await cachedSite(express, (req, res) => cut(req, res.type('text/event-stream')), { behind });
    const first = await (await wireClient(site.port)).ended();
    const second = await (await wireClient(site.port)).ended();
    expect([first.end, second.end]).toEqual(['cut', 'cut']);
    expect(EVENTS[0]?.startsWith(first.text)).toBe(true);
    expect(site.runs).toBe(2);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 2 });
    expect((await site.cache.info()).fillsActive).toBe(0);
  });
});

describe.each(expressVersions)('a JSON answer on $name', ({ express }) => {
  it.each(PROVIDERS)('of $name that ended as it must is stored', async ({ good }) => {
    const site = await cachedSite(express, (_req, res) => res.json(good.json), { clock: manualClock() });
    const [first, hit] = await site.askInTurn({}, {});
    expect([first?.text, hit?.text]).toEqual([JSON.stringify(good.json), JSON.stringify(good.json)]);
    expect([first?.cacheStatus, hit?.cacheStatus]).toEqual([STORED, HIT]);
    expect(site.runs).toBe(1);
    expect(site.cache.stats().saved).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it.each(documents)('$title', async ({ json, reason }) => {
    const site = await cachedSite(express, (_req, res) => res.json(json));
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text }) => text)).toEqual([JSON.stringify(json), JSON.stringify(json)]);
    const status = `ai-cache; fwd=miss; detail=${reason}`;
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([status, status]);
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ [reason]: 2 });
  });

  it('in pieces is held to the same rules when it is whole', async () => {
    const [form] = PROVIDERS;
    const cutByLength = JSON.stringify(form?.flawed.find(([reason]) => reason === 'finish-length')?.[2].json);
    const site = await cachedSite(express, (_req, res) => {
      res.type('json').write(cutByLength.slice(0, 20));
      res.end(cutByLength.slice(20));
    });
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual(
      Array.from({ length: 2 }, () => [cutByLength, KNOWN_AT_THE_END]),
    );
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ 'finish-length': 2 });
  });
});

function upstreamThatBreaks(): Readable {
  return Readable.from(
    (async function* upstream() {
      yield EVENTS[0];
      throw new Error('The upstream is gone.');
    })(),
  );
}
