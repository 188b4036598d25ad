import type { ErrorRequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

const errorPage: ErrorRequestHandler = (error: Error & { code?: string }, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.statusMessage = '';
  res.status(500).send(`failed: ${error.code ?? error.name}`);
};

describe.each(expressVersions)('a head that Node refuses, on $name', ({ express }) => {
  it('an answer that was begun anew is stored as it was sent, not as it was tried', async () => {
    const bodies: string[] = [];
    const site = await cachedSite(
      express,
      (_req, res) => {
        expect(() => res.end(7)).toThrow(TypeError);
        res.write('in ');
        res.end('pieces');
      },
      { route: { shouldStore: ({ body }) => bodies.push(body.toString()) > 0 } },
    );
    const first = await site.ask();
    const hit = await site.ask();
    expect([first.text, hit.text]).toEqual(['in pieces', 'in pieces']);
    expect(bodies).toEqual(['in pieces']);
    expect(site.runs).toBe(1);
  });

  it('an error page after an invalid reason phrase is not stored', async () => {
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 1 ? res.writeHead(200, 'a\nb').end('x') : res.end('good')),
      {
        behind: (app) => app.use(errorPage),
      },
    );
    const first = await site.ask();
    const second = await site.ask();
    expect([first.status, first.text]).toEqual([500, 'failed: ERR_INVALID_CHAR']);
    expect(first.cacheStatus).toBe('ai-cache; fwd=miss; detail=error');
    expect([second.status, second.text, site.runs]).toEqual([200, 'good', 2]);
  });
});
