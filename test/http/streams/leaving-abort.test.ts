import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, notStored } from './event-stream.ts';
import { leavingSite, type LeavingHandler } from './leaving-site.ts';

const FIRST = EVENTS[0] as string;
const WHOLE = EVENTS.join('');

/** Sends the first event, and the rest when the test says so; stops when it is told that nobody wants it. */
const stoppable: LeavingHandler = async (req, res, { run, mayGoOn }) => {
  const signal = aiCacheContext(req)?.signal as AbortSignal;
  res.type('text/event-stream').write(FIRST);
  if (run === 1) {
    const stopped = new AbortController();
    await Promise.race([mayGoOn.opened, once(signal, 'abort', { signal: stopped.signal })]);
    stopped.abort();
  }
  if (signal.aborted) return 'stopped';
  return res.end(EVENTS.slice(1).join(''));
};

/** The same without a head before the test says so. */
const silent: LeavingHandler = async (req, res, { run, mayGoOn }) => {
  const signal = aiCacheContext(req)?.signal as AbortSignal;
  if (run === 1) await Promise.race([mayGoOn.opened, once(signal, 'abort')]);
  return signal.aborted ? 'stopped' : res.json({ run });
};

const route = { onClientDisconnect: 'abort' } as const;

describe.each(expressVersions)('with onClientDisconnect abort on $name', ({ express }) => {
  it('a client that leaves alone stops its handler at once, and nothing is stored', async () => {
    const told: unknown[] = [];
    const { site, ends } = await leavingSite(
      express,
      (req, res, course) => {
        const { signal } = aiCacheContext(req) ?? {};
        res.on('close', () => told.push(['close', signal?.aborted]));
        // Every listener of the socket has run by the turn after.
        req.socket.on('close', () => setImmediate(() => told.push(['the turn after', signal?.aborted])));
        return stoppable(req, res, course);
      },
      { route },
    );
    const client = await wireClient(site.port);
    await client.has(FIRST);
    client.leave();
    expect(await ends[0]).toBe('stopped');
    await expect
      .poll(() => told)
      .toEqual([
        ['close', true],
        ['the turn after', true],
      ]);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(2);
  });

  it('before there is a head, too', async () => {
    const { site, came, ends } = await leavingSite(express, silent, { route });
    const client = await wireClient(site.port);
    await came.reached(1);
    client.leave();
    expect(await ends[0]).toBe('stopped');
    expect((await site.ask()).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('those who wait keep the handler at work', async () => {
    const { site, came, left, mayGoOn } = await leavingSite(express, silent, { route });
    const client = await wireClient(site.port);
    await came.reached(1);
    const follower = site.ask();
    await came.reached(2);
    client.leave();
    await left.reached(1);
    mayGoOn.open();
    expect((await follower).text).toBe('{"run":1}');
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(1);
  });

  it('those who joined keep the handler at work', async () => {
    const { site, left, mayGoOn } = await leavingSite(express, stoppable, { route });
    const client = await wireClient(site.port);
    await client.has(FIRST);
    const joiner = await wireClient(site.port);
    await joiner.has(FIRST);
    client.leave();
    await left.reached(1);
    mayGoOn.open();
    expect(await joiner.ended()).toMatchObject({ text: WHOLE, end: 'whole' });
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(1);
  });

  it('the last of those who joined stops it when it leaves', async () => {
    const { site, left, ends } = await leavingSite(express, stoppable, { route });
    const client = await wireClient(site.port);
    await client.has(FIRST);
    const [one, other] = [await wireClient(site.port), await wireClient(site.port)];
    await Promise.all([one.has(FIRST), other.has(FIRST)]);
    client.leave();
    await left.reached(1);
    one.leave();
    await left.reached(2);
    expect((await site.cache.info()).fillsActive).toBe(1);
    other.leave();
    expect(await ends[0]).toBe('stopped');
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect(site.runs).toBe(1);
  });

  it('the last of those who wait stops it when it leaves', async () => {
    const { site, came, left, ends } = await leavingSite(express, silent, { route });
    const client = await wireClient(site.port);
    await came.reached(1);
    const [one, other] = [await wireClient(site.port), await wireClient(site.port)];
    await came.reached(3);
    client.leave();
    await left.reached(1);
    one.leave();
    await left.reached(2);
    expect((await site.cache.info()).fillsActive).toBe(1);
    other.leave();
    expect(await ends[0]).toBe('stopped');
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('a client that stays while others leave is answered', async () => {
    const { site, left, mayGoOn } = await leavingSite(express, stoppable, { route });
    const client = await wireClient(site.port);
    await client.has(FIRST);
    const joiner = await wireClient(site.port);
    await joiner.has(FIRST);
    joiner.leave();
    await left.reached(1);
    mayGoOn.open();
    expect(await client.ended()).toMatchObject({ text: WHOLE, end: 'whole' });
    expect(site.runs).toBe(1);
  });
});
