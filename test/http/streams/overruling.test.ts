import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { event, EVENTS, notStored, sendEvents } from './event-stream.ts';

type Handler = (req: Request, res: Response) => unknown;

const openEnded = [event('{"token":"Hi"}'), event('that is all')];
const cutByLength = [
  event({ object: 'chat.completion.chunk', choices: [{ delta: { content: 'Hi' }, finish_reason: null }] }),
  event({ object: 'chat.completion.chunk', choices: [{ delta: {}, finish_reason: 'length' }] }),
];
const failed = JSON.stringify({ error: { message: 'overloaded' } });

const sse =
  (events: readonly string[]): Handler =>
  (_req, res) =>
    sendEvents(res, events);

describe.each(expressVersions)('isComplete and shouldStore on $name', ({ express }) => {
  it.each<[what: string, route: AIRouteOptions, handler: Handler]>([
    [
      'isComplete knows the end of a stream of the application’s own',
      { isComplete: ({ body }) => body.toString().endsWith('that is all\n\n') },
      sse(openEnded),
    ],
    ['shouldStore keeps a stream without its end', { shouldStore: () => true }, sse(openEnded)],
    ['shouldStore keeps a stream cut by its length', { shouldStore: () => true }, sse(cutByLength)],
    [
      'shouldStore keeps an error that says 200',
      { shouldStore: () => true },
      (_req, res) => res.type('json').end(failed),
    ],
    [
      'shouldStore keeps it in pieces, too',
      { shouldStore: () => true },
      (_req, res) => (res.type('json').write(failed.slice(0, 9)), res.end(failed.slice(9))),
    ],
    [
      'isComplete knows the end of JSON of a provider that has none',
      { isComplete: () => true },
      (_req, res) =>
        res.json({ object: 'chat.completion', choices: [{ message: { content: 'Hi' }, finish_reason: null }] }),
    ],
  ])('%s', async (_what, route, handler) => {
    const site = await cachedSite(express, handler, { route });
    const [first, hit] = await site.askInTurn({}, {});
    expect(hit?.body).toEqual(first?.body);
    expect(hit?.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it.each<[what: string, reason: string, route: AIRouteOptions, handler: Handler]>([
    ['isComplete refuses a stream with its end', 'no-terminal-event', { isComplete: () => false }, sse(EVENTS)],
    [
      'isComplete refuses text',
      'no-terminal-event',
      { isComplete: ({ body }) => body.toString().endsWith('.') },
      (_req, res) => res.type('txt').send('It breaks o'),
    ],
    [
      'isComplete does not make a flawed stream a good one',
      'finish-length',
      { isComplete: () => true },
      sse(cutByLength),
    ],
    ['shouldStore refuses a good stream', 'should-store', { shouldStore: () => false }, sse(EVENTS)],
    [
      'shouldStore does not overrule the head',
      'private',
      { shouldStore: () => true },
      (_req, res) => sendEvents(res.set('Cache-Control', 'private'), EVENTS),
    ],
    [
      'shouldStore does not overrule the status',
      'error',
      { shouldStore: () => true },
      (_req, res) => sendEvents(res.status(503), EVENTS),
    ],
  ])('%s', async (_what, reason, route, handler) => {
    const site = await cachedSite(express, handler, { route });
    const [first, second] = await site.askInTurn({}, {});
    expect(second?.body).toEqual(first?.body);
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ [reason]: 2 });
    expect(site.errors).toEqual([]);
  });

  it('shouldStore does not keep what broke off, and is not asked', async () => {
    let asked = 0;
    const site = await cachedSite(express, (_req, res) => res.write('half', () => res.destroy()), {
      route: { shouldStore: () => (asked += 1) > 0 },
    });
    await expect(site.ask()).rejects.toThrow();
    await expect(site.ask()).rejects.toThrow();
    expect([site.runs, asked]).toEqual([2, 0]);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 2 });
  });

  it('are shown the answer, decoded, with what speaks against it', async () => {
    const seen: unknown[] = [];
    const site = await cachedSite(express, (req, res) => sendEvents(res, req.path === '/good' ? EVENTS : cutByLength), {
      route: {
        shouldStore: ({ status, headers, body, incomplete }, { path }) => {
          seen.push([path, status, headers, body.toString(), incomplete]);
          return true;
        },
      },
    });
    await site.askInTurn({ path: '/good' }, { path: '/cut' });
    const type = ['Content-Type', 'text/event-stream; charset=utf-8'];
    expect(seen).toEqual([
      ['/good', 200, [expect.anything(), type].slice(1), EVENTS.join(''), undefined],
      ['/cut', 200, [type], cutByLength.join(''), 'finish-length'],
    ]);
    expect(site.runs).toBe(2);
  });

  it.each<[option: string, route: AIRouteOptions]>([
    ['isComplete', { isComplete: () => JSON.parse('{') as boolean }],
    ['shouldStore', { shouldStore: () => JSON.parse('{') as boolean }],
    ['isComplete', { isComplete: () => Promise.resolve(true) as never }],
  ])('where %s fails, the answer is not stored and onError is told', async (option, route) => {
    const site = await cachedSite(express, sse(EVENTS), { route });
    const [first, second] = await site.askInTurn({}, {});
    expect([first?.text, second?.text]).toEqual([EVENTS.join(''), EVENTS.join('')]);
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ 'should-store-failed': 2 });
    expect(site.errors.map(({ code, option: at }) => [code, at])).toEqual([
      ['USER_FUNCTION_FAILED', option],
      ['USER_FUNCTION_FAILED', option],
    ]);
  });
});
