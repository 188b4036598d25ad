import type { RequestHandler } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

/** Listens to the response as often as Node takes for no leak, once what `pipeline` adds is added too. */
const manyListeners: RequestHandler = (_req, res, next) => {
  const ofPipeline = 7;
  for (let count = res.getMaxListeners() - ofPipeline; count > 0; count -= 1) res.on('close', () => undefined);
  next();
};

describe.each(expressVersions)('what listens to a response on $name', ({ express }) => {
  it.each(['/stored', '/passed-by'])('is not taken for a leak because of the cache: %s', async (path) => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const site = await cachedSite(express, (_req, res) => pipeline(Readable.from(['a', 'b']), res), {
      outer: [manyListeners],
      route: { skip: (req) => req.path === '/passed-by' },
    });
    const [first, second] = await site.askInTurn({ path }, { path });
    expect([first?.text, second?.text, site.runs]).toEqual(['ab', 'ab', path === '/stored' ? 1 : 2]);
    expect(warnings).toEqual([]);
  });
});
