import { once } from 'node:events';
import { Agent } from 'node:http';
import { pipeline } from 'node:stream';
import type { ErrorRequestHandler } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { wireClient, type WireClient } from '../../support/wire-client.ts';
import { EVENTS, notStored } from './event-stream.ts';
import { leavingSite, type LeavingHandler } from './leaving-site.ts';

const FIRST = EVENTS[0] as string;
const WHOLE = EVENTS.join('');

const goesOn: LeavingHandler = async (_req, res, { left }) => {
  res.type('text/event-stream').write(FIRST);
  await left;
  res.end(EVENTS.slice(1).join(''));
};

const errorPage: ErrorRequestHandler = (error, _req, res, next) =>
  res.headersSent ? next(error) : res.status(500).send('failed');

describe.each(expressVersions)('when a client leaves on $name', ({ express }) => {
  it.each<[how: string, leave: (client: WireClient) => unknown]>([
    ['without a word', (client) => client.leave()],
    ['by a reset', ({ socket }) => socket.resetAndDestroy()],
    ['by ending its side', ({ socket }) => socket.end()],
  ])('%s, the answer is finished and stored', async (_how, leave) => {
    const { site, left, ends } = await leavingSite(express, goesOn);
    const client = await wireClient(site.port);
    await client.has(FIRST);
    leave(client);
    await left.reached(1);
    await ends[0];
    expect(await site.ask()).toMatchObject({ text: WHOLE, cacheStatus: expect.stringMatching(/hit/) });
    expect(site.runs).toBe(1);
  });

  it('those who listen hear of it when the answer is over: finish, then close', async () => {
    const heard: string[] = [];
    const over = gate();
    const { site } = await leavingSite(express, async (req, res, course) => {
      res.on('finish', () => heard.push('finish')).on('close', () => (heard.push('close of res'), over.open()));
      req.on('aborted', () => heard.push('aborted')).on('close', () => heard.push('close of req'));
      await goesOn(req, res, course);
      heard.push('end');
    });
    const client = await wireClient(site.port);
    await client.has(FIRST);
    client.leave();
    await over.opened;
    expect(heard).toEqual(['end', 'finish', 'aborted', 'close of res', ...heard.slice(4)]);
    await expect.poll(() => heard).toEqual(['end', 'finish', 'aborted', 'close of res', 'close of req']);
    expect(site.runs).toBe(1);
  });

  it('the outcome is a miss that was stored', async () => {
    const { site } = await leavingSite(express, goesOn);
    const client = await wireClient(site.port);
    await client.has(FIRST);
    client.leave();
    await expect.poll(() => site.cache.stats()).toMatchObject({ misses: 1, errors: 0 });
    expect(notStored(site)).toEqual({});
  });

  it('those who wait, join and come later all get the whole answer of one run', async () => {
    const { site, left, mayGoOn } = await leavingSite(express, async (_req, res, course) => {
      res.type('text/event-stream').write(FIRST);
      await course.mayGoOn.opened;
      res.end(EVENTS.slice(1).join(''));
    });
    const leader = await wireClient(site.port);
    await leader.has(FIRST);
    const before = await wireClient(site.port);
    await before.has(FIRST);
    leader.leave();
    await left.reached(1);
    const after = await wireClient(site.port);
    expect((await after.has(FIRST)).end).toBe('open');
    mayGoOn.open();
    const answers = await Promise.all([before.ended(), after.ended()]);
    expect(answers.map(({ text, end }) => [text, end])).toEqual(Array.from({ length: 2 }, () => [WHOLE, 'whole']));
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(1);
  });

  it.each<[how: string, status: string, handler: LeavingHandler]>([
    [
      'destroys its response',
      'unfinished',
      async (_req, res, { left }) => {
        res.write(FIRST);
        await left;
        res.destroy();
      },
    ],
    [
      'destroys its socket',
      'unfinished',
      async (req, res, { left }) => {
        res.write(FIRST);
        await left;
        req.socket.destroy();
      },
    ],
    [
      'throws in the middle of its body',
      'unfinished',
      async (_req, res, { left }) => {
        res.write(FIRST);
        await left;
        throw new Error('The upstream is gone.');
      },
    ],
    [
      'breaks off in a pipeline',
      'unfinished',
      (_req, res, { left }) =>
        new Promise<void>((resolve) => {
          const upstream = async function* upstream(): AsyncGenerator<string> {
            yield FIRST;
            await left;
            throw Object.assign(new Error('The upstream is gone.'), { code: 'ECONNRESET' });
          };
          pipeline(upstream(), res, () => resolve());
        }),
    ],
    [
      'throws before it has answered',
      'error',
      async (_req, _res, { left }) => {
        await left;
        throw new Error('No model.');
      },
    ],
    [
      'answers 503',
      'error',
      async (_req, res, { left }) => {
        await left;
        res.status(503).send('later');
      },
    ],
  ])('and then the handler %s, nothing is stored, at once', async (_how, reason, handler) => {
    const { site, came, left } = await leavingSite(express, handler, {
      behind: (app) => app.set('env', 'test').use(errorPage),
    });
    const client = await wireClient(site.port);
    await came.reached(1);
    if (reason === 'unfinished') await client.has(FIRST);
    client.leave();
    await left.reached(1);
    await expect.poll(() => notStored(site)).toEqual({ [reason]: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect(site.cache.stats()).toMatchObject(reason === 'error' ? { errors: 1 } : { misses: 1 });
    const second = await wireClient(site.port);
    await second.ended().catch(() => undefined);
    expect(site.runs).toBe(2);
  });

  it('a handler that does not end is told to after maxFillMs, and leaves nothing behind', async () => {
    const heard: string[] = [];
    const { site, ends } = await leavingSite(
      express,
      async (req, res, { run }) => {
        res.type('text/event-stream').write(FIRST);
        if (run > 1) return res.end(EVENTS.slice(1).join(''));
        const signal = aiCacheContext(req)?.signal as AbortSignal;
        res.on('finish', () => heard.push('finish'));
        await Promise.all([
          once(signal, 'abort').then(() => heard.push('signal')),
          once(res, 'close').then(() => heard.push('close')),
        ]);
        expect([res.destroyed, res.write('more')]).toEqual([true, false]);
        return 'stopped';
      },
      { cache: { maxFillMs: 1 } },
    );
    const client = await wireClient(site.port);
    await client.has(FIRST);
    expect(heard).toEqual([]);
    client.leave();
    expect(await ends[0]).toBe('stopped');
    expect(heard).toEqual(['signal', 'close']);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(2);
  });

  it('and the time of its handler is up, one of those who wait leads', async () => {
    const { site, came, ends } = await leavingSite(
      express,
      async (req, res, { run, mayGoOn }) => {
        if (run > 1) return res.json({ run });
        await mayGoOn.opened;
        return once(aiCacheContext(req)?.signal as AbortSignal, 'abort');
      },
      { cache: { maxFillMs: 1 } },
    );
    const client = await wireClient(site.port);
    await came.reached(1);
    const follower = site.ask();
    await came.reached(2);
    client.leave();
    expect((await follower).text).toBe('{"run":2}');
    expect([site.runs, ends.length]).toEqual([2, 2]);
  });

  it('a client that stays is not hurried by maxFillMs: no timer runs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { site, mayGoOn } = await leavingSite(
      express,
      async (_req, res, course) => {
        res.type('text/event-stream').write(FIRST);
        await course.mayGoOn.opened;
        res.end(EVENTS.slice(1).join(''));
      },
      { cache: { maxFillMs: 1 } },
    );
    const client = await wireClient(site.port);
    await client.has(FIRST);
    expect(vi.getTimerCount()).toBe(0);
    mayGoOn.open();
    expect(await client.ended()).toMatchObject({ text: WHOLE, end: 'whole' });
    expect(site.runs).toBe(1);
  });

  it('connections that are kept alive go on, and no request or response keeps anything of ours', async () => {
    const { site, requests } = await leavingSite(express, (req, res) => {
      res.type('txt').write(`${req.path} `);
      res.end('done');
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const answers = await site.askInTurn(...['/a', '/b', '/a', '/c', '/b'].map((path) => ({ path, agent })));
    expect(answers.map(({ text }) => text)).toEqual(['/a done', '/b done', '/a done', '/c done', '/b done']);
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1);
    for (const req of requests) {
      for (const one of [req, req.res, req.socket]) {
        const { members, prototype } = { members: one as object, prototype: Object.getPrototypeOf(one) as object };
        const notNodes = ['emit', 'destroy', 'write', 'end', 'closed', 'signal'].filter(
          (name) => Reflect.get(members, name) !== Reflect.get(prototype, name, members),
        );
        expect(notNodes).toEqual([]);
      }
    }
    expect(site.runs).toBe(3);
  });
});
