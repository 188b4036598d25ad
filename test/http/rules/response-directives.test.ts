import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { rulesSite } from './rules-site.ts';

/** The clock of these tests begins here. */
const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

type Row = [what: string, headers: OutgoingHttpHeaders, freshFor: number];

/** How long an answer that is asked for at 0 is served without the handler, seconds. 0: never. */
const rows: readonly Row[] = [
  ['nothing', {}, 0],
  ['max-age', { 'Cache-Control': 'max-age=10' }, 10],
  ['max-age in another case', { 'Cache-Control': 'MaX-aGe=10' }, 10],
  ['max-age in quotes', { 'Cache-Control': 'max-age="10"' }, 10],
  ['max-age in single quotes', { 'Cache-Control': "max-age='10'" }, 0],
  ['max-age within a string', { 'Cache-Control': 'x="max-age=10"' }, 0],
  ['a max-age that is no number', { 'Cache-Control': 'max-age=ten' }, 0],
  ['a negative max-age', { 'Cache-Control': 'max-age=-10' }, 0],
  ['two fields', { 'Cache-Control': ['public', 'max-age=10'] }, 10],
  ['s-maxage before max-age', { 'Cache-Control': 'max-age=10, s-maxage=5' }, 5],
  ['immutable', { 'Cache-Control': 'max-age=10, immutable' }, 10],
  ['must-revalidate', { 'Cache-Control': 'max-age=10, must-revalidate' }, 10],
  ['no-cache beside max-age', { 'Cache-Control': 'no-cache, max-age=10' }, 0],
  ['no-store beside max-age', { 'Cache-Control': 'no-store, max-age=10' }, 0],
  ['private beside max-age', { 'Cache-Control': 'private, max-age=10' }, 0],
  ['must-understand beside no-store', { 'Cache-Control': 'no-store, must-understand, max-age=10' }, 10],
  ['Pragma, which says nothing in an answer', { Pragma: 'no-cache', 'Cache-Control': 'max-age=10' }, 10],
  ['Expires', { Expires: at(10) }, 10],
  ['Expires in the form of RFC 850', { Expires: 'Thursday, 01-Jan-26 00:00:10 GMT' }, 10],
  ['Expires in the form of asctime', { Expires: 'Thu Jan  1 00:00:10 2026' }, 10],
  ['Expires of a later Date', { Expires: at(10), Date: at(-5) }, 10],
  ['Expires that is no date', { Expires: '0' }, 0],
  ['Expires that has passed', { Expires: at(-10) }, 0],
  ['max-age before Expires', { 'Cache-Control': 'max-age=10', Expires: at(-10) }, 10],
  ['Age', { 'Cache-Control': 'max-age=10', Age: '4' }, 6],
  ['an Age beyond its lifetime', { 'Cache-Control': 'max-age=10', Age: '10' }, 0],
  ['an Age that is no number', { 'Cache-Control': 'max-age=10', Age: '4.5' }, 10],
  ['the first of two Ages', { 'Cache-Control': 'max-age=10', Age: '4, 9' }, 6],
  ['a Date in the past', { 'Cache-Control': 'max-age=10', Date: at(-3) }, 7],
  ['CDN-Cache-Control before all', { 'CDN-Cache-Control': 'max-age=10', 'Cache-Control': 'no-store' }, 10],
  ['CDN-Cache-Control: no-store', { 'CDN-Cache-Control': 'no-store', 'Cache-Control': 'max-age=10' }, 0],
  ['CDN-Cache-Control: private', { 'CDN-Cache-Control': 'private', 'Cache-Control': 'max-age=10' }, 0],
  ['a CDN-Cache-Control of a wrong type', { 'CDN-Cache-Control': 'max-age="5"', 'Cache-Control': 'max-age=10' }, 10],
  ['a CDN-Cache-Control that is no dictionary', { 'CDN-Cache-Control': '!', 'Cache-Control': 'max-age=10' }, 10],
  ['CDN-Cache-Control before Expires', { 'CDN-Cache-Control': 'public', Expires: at(10) }, 0],
];

describe.each(expressVersions)('an answer on $name', ({ express }) => {
  it.each(rows)('that says %s is served for as long as it says', async (_what, headers, freshFor) => {
    const site = await rulesSite(express, (_req, res, run) => void res.set(headers as never).end(String(run)));
    await site.ask();
    // Up to the last millisecond, then one more.
    site.clock.advance(Math.max(0, freshFor * 1000 - 1));
    const last = await site.ask();
    expect([last.text, last.cacheStatus?.startsWith('ai-cache; hit; ttl=0')]).toEqual(
      freshFor > 0 ? ['1', true] : ['2', false],
    );
    site.clock.advance(1);
    const runs = freshFor > 0 ? 2 : 3;
    expect((await site.ask()).text).toBe(String(runs));
    expect(site.runs).toBe(runs);
  });

  it('by its own words outlives neither ttl.maxSeconds nor yields to the policy', async () => {
    const lifetimes = ['max-age=100', 'max-age=5'];
    const site = await rulesSite(
      express,
      (_req, res, run) => void res.set('Cache-Control', lifetimes[run - 1] as string).end(),
      {},
      { cache: { ttl: { defaultSeconds: 30, maxSeconds: 60 } } },
    );
    const ttls = await site.askInTurn({ path: '/a' }, { path: '/a' }, { path: '/b' }, { path: '/b' });
    expect(ttls.map(({ cacheStatus }) => /ttl=(\d+)/.exec(cacheStatus ?? '')?.[1])).toEqual([
      undefined,
      '60',
      undefined,
      '5',
    ]);
    expect(site.runs).toBe(2);
  });

  it('has its Date and grows older from the Age it came with', async () => {
    const headers = { 'Cache-Control': 'max-age=100', Age: '40' };
    const site = await rulesSite(express, (_req, res) => void res.set(headers).end());
    const first = await site.ask();
    site.clock.advance(2_500);
    const hit = await site.ask();
    expect([first.headers.age, hit.headers.age, hit.headers.date]).toEqual(['40', '42', at(0)]);
    expect(hit.cacheStatus).toBe('ai-cache; hit; ttl=57; detail=memory');
    expect(site.runs).toBe(1);
  });

  it('of which nobody names a lifetime has a share of the time since Last-Modified only where that is asked for', async () => {
    const answer = (_req: unknown, res: { set(name: string, value: string): { end(): void } }): void =>
      res.set('Last-Modified', at(-100)).end();
    const asked = await rulesSite(express, answer as never, {}, { cache: { ttl: { heuristic: 0.1 } } });
    const plain = await rulesSite(express, answer as never);
    await Promise.all([asked.askInTurn({}, {}), plain.askInTurn({}, {})]);
    expect([asked.runs, plain.runs]).toEqual([1, 2]);
    asked.clock.advance(10_000);
    await asked.ask();
    expect(asked.runs).toBe(2);
  });

  it('to a request with Authorization on a shared route that speaks of its lifetime must say that it is for all', async () => {
    const words: Record<string, string> = { '/plain': 'max-age=10', '/public': 'public, max-age=10' };
    const site = await rulesSite(
      express,
      (req, res) => void res.set('Cache-Control', words[req.path] as string).end(),
      { scope: 'shared' },
    );
    const headers = { authorization: 'Bearer a' };
    const asked = ['/plain', '/plain', '/public', '/public'].map((path) => ({ path, headers }));
    expect((await site.askInTurn(...asked)).map(({ cacheStatus }) => cacheStatus)).toEqual([
      'ai-cache; fwd=miss; detail=authorization',
      'ai-cache; fwd=miss; detail=authorization',
      'ai-cache; fwd=miss; stored',
      'ai-cache; hit; ttl=10; detail=memory',
    ]);
    expect(site.runs).toBe(3);
  });
});
