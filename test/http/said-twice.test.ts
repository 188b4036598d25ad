import { describe, expect, it } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

describe.each(expressVersions)('a header that outer middleware has set, on $name,', ({ express }) => {
  it('is the handler’s own word where it sets it to the same value: no-store said twice is not stored', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.set('Cache-Control', 'no-store').json({ run }), {
      outer: [(_req, res, next) => (res.set('Cache-Control', 'no-store'), next())],
    });
    const first = await site.ask();
    const second = await site.ask();
    expect([first.cacheStatus, second.text]).toEqual(['ai-cache; fwd=miss; detail=no-store', '{"run":2}']);
    expect(site.runs).toBe(2);
  });

  it('is not the handler’s word where it says nothing: the answer is stored', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      outer: [(_req, res, next) => (res.set('Cache-Control', 'no-store'), next())],
    });
    await site.ask();
    expect((await site.ask()).text).toBe('{"run":1}');
    expect(site.runs).toBe(1);
  });
});
