import { describe, expect, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { rulesSite } from './rules-site.ts';

const BODY = '0123456789'.repeat(200);

describe.each(expressVersions)('a stored answer on $name', ({ express }) => {
  const stored = () =>
    rulesSite(
      express,
      (req, res) =>
        void res
          .set({ ETag: '"v1"', 'Cache-Control': 'max-age=10', 'Content-Type': 'text/plain' })
          .end(req.headers.range === undefined ? BODY : 'by the handler'),
    );

  it.each<[range: string, more: object, status: number, contentRange: string | undefined, text: string]>([
    ['bytes=0-4', {}, 206, 'bytes 0-4/2000', '01234'],
    ['bytes=1998-', {}, 206, 'bytes 1998-1999/2000', '89'],
    ['bytes=-3', {}, 206, 'bytes 1997-1999/2000', '789'],
    ['bytes=0-4', { 'accept-encoding': 'br' }, 206, 'bytes 0-4/2000', '01234'],
    ['bytes=0-4', { 'if-range': '"v1"' }, 206, 'bytes 0-4/2000', '01234'],
    ['bytes=0-4', { 'if-range': '"v0"' }, 200, undefined, BODY],
    ['bytes=0-4', { 'if-none-match': '"v1"' }, 304, undefined, ''],
    ['bytes=2000-', {}, 416, 'bytes */2000', ''],
  ])('is asked for %s with %j: %i', async (range, more, status, contentRange, text) => {
    const site = await stored();
    await site.ask();
    const part = await site.ask({ headers: { range, ...more } });
    expect([part.status, part.headers['content-range'], part.text]).toEqual([status, contentRange, text]);
    expect(part.cacheStatus).toBe('ai-cache; hit; ttl=10; detail=memory');
    expect(part.headers).not.toHaveProperty('content-encoding');
    expect(site.runs).toBe(1);
  });

  it.each(['bytes=0-1, 5-6', 'lines=1-2', 'bytes=x'])('is left to the handler for %s', async (range) => {
    const site = await stored();
    await site.ask();
    const part = await site.ask({ headers: { range } });
    expect([part.text, part.cacheStatus]).toEqual(['by the handler', 'ai-cache; fwd=bypass; detail=range']);
    expect((await site.ask()).text).toBe(BODY);
    expect(site.runs).toBe(2);
  });

  it('that is stale, or not there, is left to the handler, whose part is not stored', async () => {
    const site = await stored();
    const headers = { range: 'bytes=0-4' };
    const cold = await site.ask({ headers });
    await site.ask();
    site.clock.advance(11_000);
    const stale = await site.ask({ headers });
    expect([cold.text, stale.text]).toEqual(['by the handler', 'by the handler']);
    expect((await site.ask()).text).toBe(BODY);
    expect(site.runs).toBe(4);
  });

  it('tells a HEAD all but the body, in the coding it takes', async () => {
    const site = await stored();
    await site.ask();
    const [head, coded, has] = await site.askInTurn(
      { method: 'HEAD' },
      { method: 'HEAD', headers: { 'accept-encoding': 'br' } },
      { method: 'HEAD', headers: { 'if-none-match': '"v1"' } },
    );
    expect([head?.status, head?.body.length, head?.headers['content-length']]).toEqual([200, 0, '2000']);
    expect([coded?.headers['content-encoding'], Number(coded?.headers['content-length']) < 2000]).toEqual(['br', true]);
    expect([has?.status, site.runs]).toEqual([304, 1]);
  });

  it('is not there for a HEAD before a GET, and a HEAD makes none', async () => {
    const site = await stored();
    const [head, , get] = await site.askInTurn({ method: 'HEAD' }, { method: 'HEAD' }, {});
    expect([head?.cacheStatus, get?.cacheStatus, get?.text]).toEqual([
      'ai-cache; fwd=miss',
      'ai-cache; fwd=miss; stored',
      BODY,
    ]);
    expect(site.runs).toBe(3);
  });

  it('stays whole where the route makes answers anew for a HEAD and a range too', async () => {
    const site = await rulesSite(
      express,
      (req, res) => void res.set('Cache-Control', 'max-age=10').end(req.headers.range === undefined ? BODY : 'part'),
      { refresh: (req) => req.headers['x-anew'] !== undefined },
    );
    const anew = { 'x-anew': '1' };
    await site.askInTurn({}, { method: 'HEAD', headers: anew }, { headers: { ...anew, range: 'bytes=0-4, 7-8' } });
    expect((await site.ask()).text).toBe(BODY);
    expect(site.runs).toBe(2);
  });

  it('that an empty answer of another status comes after stays as it is', async () => {
    const statuses: Record<string, number> = { '204': 204, '206': 206 };
    const site = await rulesSite(
      express,
      (req, res) => {
        const status = statuses[String(req.headers['x-status'])];
        if (status === undefined) res.set('Cache-Control', 'max-age=10').end('whole');
        else
          res
            .status(status)
            .set('Cache-Control', 'max-age=10')
            .end(status === 206 ? 'part' : undefined);
      },
      { refresh: (req) => req.headers['x-status'] !== undefined },
    );
    await site.ask();
    await site.ask({ headers: { 'x-status': '206' } });
    expect((await site.ask()).text).toBe('whole');
    expect(site.runs).toBe(2);
  });
});
