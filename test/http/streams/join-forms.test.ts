import { setImmediate as turn } from 'node:timers/promises';
import compression from 'compression';
import type { Request, Response } from 'express';
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { arrivals } from '../../support/arrivals.ts';
import { cachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { wireClient, type WireClient } from '../../support/wire-client.ts';
import { EVENTS } from './event-stream.ts';

const WHOLE = EVENTS.join('');
const FIRST = EVENTS[0] as string;

/** What of a gzip body that is still coming can be decoded by now. */
async function decodedSoFar(body: Buffer): Promise<string> {
  const gunzip = createGunzip();
  const decoded: Buffer[] = [];
  gunzip.on('data', (chunk: Buffer) => decoded.push(chunk)).on('error', () => undefined);
  await new Promise<void>((resolve) => {
    gunzip.write(body, () => resolve());
  });
  return Buffer.concat(decoded).toString();
}

describe.each(expressVersions)('a stream that runs on $name', ({ express }) => {
  it('in a coding of the handler’s own is for all when it is whole, each in what it takes', async () => {
    const [mayEnd, came] = [gate(), arrivals()];
    const coded = gzipSync(WHOLE);
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('text/event-stream').set('Content-Encoding', 'gzip').write(coded.subarray(0, 9));
        await mayEnd.opened;
        res.end(coded.subarray(9));
      },
      { route: { skip: came.note } },
    );
    const leader = await wireClient(site.port, { headers: { 'Accept-Encoding': 'gzip' } });
    await leader.has(9);
    const taker = await wireClient(site.port, { headers: { 'Accept-Encoding': 'br, gzip' } });
    const other = await wireClient(site.port);
    await came.reached(3);
    mayEnd.open();
    const [first, second, third] = await Promise.all([leader.ended(), taker.ended(), other.ended()]);
    expect([first.body, second.body]).toEqual([coded, coded]);
    expect([second.headers['content-encoding'], third.headers['content-encoding']]).toEqual(['gzip', undefined]);
    expect(third.text).toBe(WHOLE);
    const hit = await (await wireClient(site.port, { headers: { 'Accept-Encoding': 'gzip' } })).ended();
    expect([gunzipSync(hit.body).toString(), hit.chunks.length]).toEqual([WHOLE, 2]);
    expect(site.runs).toBe(1);
  });

  it('is joined through a compression middleware in front, which holds nothing back', async () => {
    const mayEnd = gate();
    const site = await cachedSite(
      express,
      async (_req, res: Response & { flush?: () => void }) => {
        res.type('text/event-stream').write(FIRST);
        res.flush?.();
        await mayEnd.opened;
        res.end(EVENTS.slice(1).join(''));
      },
      { outer: [compression({ threshold: 0 })] },
    );
    const headers = { 'Accept-Encoding': 'gzip' };
    const leader = await wireClient(site.port, { headers });
    const hasFirst = async (client: WireClient): Promise<void> => {
      await expect.poll(async () => decodedSoFar((await client.until(() => true)).body)).toBe(FIRST);
    };
    await hasFirst(leader);
    const joiner = await wireClient(site.port, { headers });
    await hasFirst(joiner);
    const plain = await wireClient(site.port);
    await plain.has(FIRST);
    mayEnd.open();
    const answers = await Promise.all([leader.ended(), joiner.ended()]);
    for (const { body, end } of answers) expect([gunzipSync(body).toString(), end]).toEqual([WHOLE, 'whole']);
    expect((await plain.ended()).text).toBe(WHOLE);
    expect(site.runs).toBe(1);
  });

  describe('and a direct call', () => {
    /** A stream that runs, and the request that a direct call takes. */
    async function running(end: (res: Response) => unknown, options: SiteOptions = {}) {
      const [begun, mayEnd] = [Promise.withResolvers<AIRequest>(), gate()];
      const site = await cachedSite(
        express,
        async (req: Request, res) => {
          res.type('text/event-stream').write(FIRST);
          // Of somebody else: a handler that asks for its own request does not wait for itself.
          begun.resolve(structuredClone(site.cache.requestFor(req)));
          await mayEnd.opened;
          end(res);
        },
        options,
      );
      const leader = await wireClient(site.port);
      await leader.has(FIRST);
      return { site, leader, request: await begun.promise, mayEnd };
    }

    it('that comes while it runs waits for the whole of it', async () => {
      const { site, leader, request, mayEnd } = await running((res) => res.end(EVENTS.slice(1).join('')));
      let filled = 0;
      const asked = site.cache.getOrFill(request, () => `filled ${(filled += 1)}`);
      await turn();
      mayEnd.open();
      expect((await asked).text()).toBe(WHOLE);
      expect((await leader.ended()).text).toBe(WHOLE);
      expect([site.runs, filled]).toEqual([1, 0]);
      expect(site.cache.stats()).toMatchObject({ misses: 1, coalesced: 1 });
    });

    it('makes its own answer where the stream breaks off, or is not kept', async () => {
      for (const end of [(res: Response) => res.destroy(), (res: Response) => res.end('event: error\ndata: {}\n\n')]) {
        // oxlint-disable-next-line no-await-in-loop -- one site after the other
        const { site, request, mayEnd } = await running(end);
        let filled = 0;
        const asked = site.cache.getOrFill(request, () => `filled ${(filled += 1)}`);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await turn();
        mayEnd.open();
        // oxlint-disable-next-line no-await-in-loop -- as above
        expect((await asked).text()).toBe('filled 1');
        expect([site.runs, filled]).toEqual([1, 1]);
      }
    });

    it('does not repeat what no tier keeps yet', async () => {
      const { site, request, mayEnd } = await running((res) => res.end(EVENTS.slice(1).join('')), {
        cache: { memoryTextTiers: ['xlarge'] },
      });
      let filled = 0;
      const asked = site.cache.getOrFill(request, () => `filled ${(filled += 1)}`);
      await turn();
      mayEnd.open();
      expect([(await asked).text(), filled]).toEqual([WHOLE, 0]);
      expect(site.runs).toBe(1);
    });
  });
});
