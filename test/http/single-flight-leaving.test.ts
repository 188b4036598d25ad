import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../support/arrivals.ts';
import { send } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

describe.each(expressVersions)('clients that leave on $name', ({ express }) => {
  /** A site whose first run waits; what came to its cache; the responses that closed. */
  async function waitingSite(answer: (req: Request, res: Response, run: number) => unknown) {
    const [came, left] = [arrivals(), arrivals()];
    const gates = [gate(), gate(), gate()] as const;
    const entered = arrivals();
    const responses: ServerResponse[] = [];
    const watch: RequestHandler = (req, res, next) => {
      responses.push(res);
      // The response's own `close` is withheld while the handler goes on without its client.
      req.socket.on('close', () => void left.note());
      next();
    };
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        entered.note();
        await gates[run - 1]?.opened;
        await answer(req, res, run);
      },
      { outer: [watch], route: { skip: came.note } },
    );
    /** Sends a request that will be broken off. */
    const leaving = () => send(site.port).on('error', () => undefined);
    return { site, came, left, entered, gates, responses, leaving };
  }

  it('while they wait leave no listener, and hurt nobody', async () => {
    const { site, came, left, gates, responses, leaving } = await waitingSite((_req, res, run) => res.json({ run }));
    const leader = site.ask();
    await came.reached(1);
    const listeners = (res: ServerResponse): unknown[] =>
      [res, res.req, res.req.socket].flatMap((emitter) =>
        emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]),
      );
    const bystander = site.ask();
    await came.reached(2);
    const gone = Array.from({ length: 20 }, () => leaving());
    await came.reached(22);
    for (const request of gone) request.destroy();
    await left.reached(20);
    const closed = responses.filter((res) => res.closed);
    expect(closed).toHaveLength(20);
    gates[0].open();
    expect((await leader).text).toBe('{"run":1}');
    expect((await bystander).text).toBe('{"run":1}');
    for (const res of closed) expect(res.listenerCount('close')).toBe(0);
    expect(new Set(closed.map((res) => JSON.stringify(listeners(res)))).size).toBe(1);
    expect(site.runs).toBe(1);
    expect(site.cache.stats()).toMatchObject({ misses: 21, coalesced: 1 });
  });

  it('before the handler answers leave the answer to those who wait', async () => {
    const { site, came, left, gates, leaving } = await waitingSite((_req, res, run) => res.json({ run }));
    const leader = leaving();
    await came.reached(1);
    const followers = [site.ask(), site.ask()];
    await came.reached(3);
    leader.destroy();
    await left.reached(1);
    gates[0].open();
    expect((await Promise.all(followers)).map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
    expect((await site.ask()).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it('before the handler answers leave a stored answer behind, also alone', async () => {
    const { site, came, left, gates, leaving } = await waitingSite((_req, res) => {
      res.type('txt').write('one ');
      res.end('two');
    });
    const leader = leaving();
    await came.reached(1);
    leader.destroy();
    await left.reached(1);
    gates[0].open();
    const next = await site.ask();
    expect([next.text, next.headers['content-type'], site.runs]).toEqual(['one two', 'text/plain; charset=utf-8', 1]);
  });

  it('are not elected: the lead goes to one who is still there', async () => {
    const { site, came, left, entered, gates, leaving } = await waitingSite((_req, res, run) =>
      run === 1 ? res.sendStatus(500) : res.json({ run }),
    );
    const leader = site.ask();
    await came.reached(1);
    const gone = leaving();
    await came.reached(2);
    const follower = site.ask();
    await came.reached(3);
    gone.destroy();
    await left.reached(1);
    gates[0].open();
    expect((await leader).status).toBe(500);
    await entered.reached(2);
    gates[1].open();
    expect((await follower).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('in the moment of their election hand the lead over', async () => {
    const responses: ServerResponse[] = [];
    const came = arrivals();
    const [mayFail, mayAnswer] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        if (run > 1) {
          await mayAnswer.opened;
          return res.json({ run });
        }
        await mayFail.opened;
        res.status(500).end('failed');
        // The follower elected just now finds its connection closed when it goes on.
        return responses[1]?.destroy();
      },
      { outer: [(_req, res, next) => (responses.push(res), next())], route: { skip: came.note } },
    );
    const leader = site.ask();
    await came.reached(1);
    const elected = site.ask().then(
      () => 'an answer',
      () => 'none',
    );
    await came.reached(2);
    const follower = site.ask();
    await came.reached(3);
    mayFail.open();
    mayAnswer.open();
    expect([(await leader).text, await elected, (await follower).text]).toEqual(['failed', 'none', '{"run":2}']);
    expect(site.runs).toBe(2);
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('all of them, elected too, leave nothing that blocks the key', async () => {
    const { site, came, left, gates, leaving } = await waitingSite((_req, res, run) =>
      run === 1 ? res.sendStatus(500) : res.json({ run }),
    );
    const gone = [leaving()];
    await came.reached(1);
    gone.push(leaving(), leaving());
    await came.reached(3);
    for (const request of gone) request.destroy();
    await left.reached(3);
    for (const each of gates) each.open();
    expect((await site.ask()).text).toBe('{"run":2}');
    expect((await site.ask()).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('in the middle of the body leave the rest to those who have joined', async () => {
    const mayEnd = gate();
    const { site, came, left, gates, leaving } = await waitingSite(async (_req, res, run) => {
      res.type('txt').write('half');
      await mayEnd.opened;
      res.end(` and half of run ${run}`);
    });
    const leader = leaving();
    const answered = once(leader, 'response');
    await came.reached(1);
    const follower = site.ask();
    await came.reached(2);
    gates[0].open();
    await answered;
    leader.destroy();
    await left.reached(1);
    mayEnd.open();
    expect((await follower).text).toBe('half and half of run 1');
    expect((await site.ask()).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });
});
