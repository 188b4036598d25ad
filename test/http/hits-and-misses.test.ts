import { describe, expect, it } from 'vitest';
import { cachedSite, HIT, STORED } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';

const sent = { text: 'What is a cache?', operation: 'ask', options: { length: 3, tone: 'dry' } };

describe.each(expressVersions)('a repeated request on $name', ({ express }) => {
  it('to POST runs the handler once', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, text: req.body.text }), {
      clock: manualClock(),
    });
    const first = await site.ask({ json: sent });
    const second = await site.ask({ json: sent });
    expect(first.cacheStatus).toBe(STORED);
    expect(second.cacheStatus).toBe(HIT);
    expect(second.text).toBe('{"run":1,"text":"What is a cache?"}');
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
    expect(site.runs).toBe(1);
  });

  it('to GET runs the handler once', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, path: req.path }));
    const first = await site.ask({ path: '/answers/7?lang=en' });
    const second = await site.ask({ path: '/answers/7?lang=en' });
    expect(first.text).toBe('{"run":1,"path":"/answers/7"}');
    expect(second.text).toBe(first.text);
    expect(second.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it('to QUERY runs the handler once, whose body counts', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, asked: req.body }));
    const first = await site.ask({ method: 'QUERY', json: sent });
    const second = await site.ask({ method: 'QUERY', json: sent });
    const other = await site.ask({ method: 'QUERY', json: { ...sent, text: 'Another?' } });
    expect([first.cacheStatus, second.text]).toEqual([STORED, first.text]);
    expect(second.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(other.cacheStatus).toBe(STORED);
    expect(site.runs).toBe(2);
  });

  it('with the members of its body in another order is the same request', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.ask({ body: '{"text":"a","options":{"x":1,"y":[1,2]}}', method: 'POST', headers: json });
    const repeat = await site.ask({
      body: '{ "options": {"y": [1, 2], "x": 1}, "text": "a" }',
      method: 'POST',
      headers: json,
    });
    expect(repeat.text).toBe('{"run":1}');
    expect(site.runs).toBe(1);
  });

  it('with another value of an ignored field is the same request', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { ignoreBodyFields: ['requestId'] },
    });
    await site.ask({ json: { ...sent, requestId: 'one' } });
    const repeat = await site.ask({ json: { ...sent, requestId: 'two' } });
    const without = await site.ask({ json: sent });
    expect([repeat.text, without.text]).toEqual(['{"run":1}', '{"run":1}']);
    expect(site.runs).toBe(1);
  });

  it('with the members of its query in another order is the same request', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.ask({ path: '/?a=1&b=2' });
    await site.ask({ path: '/?b=2&a=1' });
    expect(site.runs).toBe(1);
  });

  it('is answered from the store however often it comes', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const answers = await site.askInTurn(...Array.from({ length: 20 }, () => ({ json: sent })));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['{"run":1}']));
    expect(site.runs).toBe(1);
    expect(site.cache.stats()).toMatchObject({ hits: 19, misses: 1, bypassed: 0 });
  });
});

const json = { 'content-type': 'application/json' };
