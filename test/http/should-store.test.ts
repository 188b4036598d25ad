import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RecordedResponse } from '../../src/config/route-config.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

describe.each(expressVersions)('shouldStore on $name', ({ express }) => {
  it('sees status, the handler’s own headers and the body in identity coding, once', async () => {
    const seen: [response: RecordedResponse, path: string][] = [];
    const site = await cachedSite(
      express,
      (req, res) => {
        res.status(201).set('Link', ['</a>', '</b>']);
        if (req.path === '/gzip') return res.set('Content-Encoding', 'gzip').end(gzipSync('packed'));
        if (req.path === '/whole') return res.end('whole');
        res.write('pie');
        return res.end('ces');
      },
      {
        outer: [(_req, res, next) => (res.set('X-Request-Id', '7'), next())],
        route: { shouldStore: (response, req) => seen.push([response, req.path]) > 0 },
      },
    );
    await site.askInTurn({ path: '/whole' }, { path: '/pieces' }, { path: '/gzip' });
    await site.askInTurn({ path: '/whole' }, { path: '/pieces' }, { path: '/gzip' });
    expect(seen.map(([{ status, body }, path]) => [path, status, body.toString()])).toEqual([
      ['/whole', 201, 'whole'],
      ['/pieces', 201, 'pieces'],
      ['/gzip', 201, 'packed'],
    ]);
    for (const [{ headers }] of seen) {
      expect(headers).toEqual(
        expect.arrayContaining([
          ['Link', '</a>'],
          ['Link', '</b>'],
        ]),
      );
      expect(headers.map(([name]) => name)).not.toContain('X-Request-Id');
    }
    expect(site.runs).toBe(3);
  });

  it('is not asked about what may not be stored anyway', async () => {
    let asked = 0;
    const site = await cachedSite(express, (_req, res) => res.status(404).json({}), {
      route: { shouldStore: () => (asked += 1) > 0 },
    });
    await site.ask();
    expect([asked, site.runs]).toEqual([0, 1]);
  });

  it('decides by the answer', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, finish: req.query.finish }), {
      route: { shouldStore: ({ body }) => !body.includes('"length"') },
    });
    const paths = ['/?finish=stop', '/?finish=length'].map((path) => ({ path }));
    const answers = await site.askInTurn(...paths, ...paths);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([
      'ai-cache; fwd=miss; stored',
      'ai-cache; fwd=miss; detail=should-store',
      expect.stringMatching(/^ai-cache; hit/),
      'ai-cache; fwd=miss; detail=should-store',
    ]);
    expect(site.runs).toBe(3);
  });
});
