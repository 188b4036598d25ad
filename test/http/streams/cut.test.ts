import { get } from 'node:http';
import { pipeline } from 'node:stream';
import type { Request, Response } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachedSite, type CachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { listen } from '../../support/http.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { wireClient, type WireClient } from '../../support/wire-client.ts';
import { notStored } from './event-stream.ts';

/** With line ends of each kind, and characters of two, three and four bytes. */
const WHOLE = Buffer.from('event: a\r\ndata: {"token":"Grüße 🎈"}\r\n\r\ndata: 漢字\n\r\ndata: [DONE]\r\n\r\n');

const offsetOf = (req: Request): number => Number(req.path.slice(1));

/** Sends the first bytes of the stream in two pieces, and then does the rest. */
function sendUpTo(offset: number, res: Response, rest: () => void): void {
  const middle = offset >> 1;
  if (middle > 0) res.write(WHOLE.subarray(0, middle));
  if (offset > 0) res.write(WHOLE.subarray(middle, offset), rest);
  else {
    res.flushHeaders();
    setImmediate(rest);
  }
}

describe.each(expressVersions)('a stream that is cut at any byte on $name', ({ express }) => {
  const ask = (site: CachedSite, offset: number): Promise<WireClient> => wireClient(site.port, { path: `/${offset}` });

  it('by the handler that breaks off is never stored', async () => {
    const site = await cachedSite(express, (req, res) => {
      sendUpTo(offsetOf(req), res.type('text/event-stream'), () => res.destroy());
    });
    await oneByOne(WHOLE.length + 1, async (offset) => {
      const first = await (await ask(site, offset)).ended();
      const second = await (await ask(site, offset)).ended();
      expect([first.end, second.end]).toEqual(['cut', 'cut']);
      expect(WHOLE.subarray(0, offset).indexOf(first.body), `what came before ${offset}`).toBe(0);
    });
    expect(site.runs).toBe(2 * (WHOLE.length + 1));
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 2 * (WHOLE.length + 1) });
  });

  it('by the handler that ends too early is stored only where its last event has come', async () => {
    const site = await cachedSite(express, (req, res) => {
      sendUpTo(offsetOf(req), res.type('text/event-stream'), () => res.end());
    });
    const stored: number[] = [];
    await oneByOne(WHOLE.length + 1, async (offset) => {
      const first = await (await ask(site, offset)).ended();
      const runs = site.runs;
      const second = await (await ask(site, offset)).ended();
      expect([first.end, second.end]).toEqual(['whole', 'whole']);
      expect([first.body, second.body]).toEqual([WHOLE.subarray(0, offset), WHOLE.subarray(0, offset)]);
      if (site.runs === runs) stored.push(offset);
    });
    // A carriage return ends a line by itself, and with it the last event (WHATWG HTML §9.2.6).
    expect(stored).toEqual([WHOLE.length - 1, WHOLE.length]);
  });

  it('of its upstream, whose connection is lost, is never stored', async () => {
    const upstream = await listen((req, res) => {
      const offset = Number(req.url?.slice(1));
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      if (offset === 0) res.flushHeaders();
      else res.write(WHOLE.subarray(0, offset));
      setImmediate(() => res.destroy());
    });
    onTestFinished(() => upstream.close());
    const site = await cachedSite(express, (req, res) => {
      get(`${upstream.url}${req.path}`, { agent: false }, (answer) => {
        res.type('text/event-stream');
        pipeline(answer, res, () => undefined);
      }).on('error', () => res.destroy());
    });
    await oneByOne(WHOLE.length + 1, async (offset) => {
      const { end, body } = await (
        await ask(site, offset)
      )
        .ended()
        .catch(() => ({ end: 'cut', body: Buffer.alloc(0) }));
      expect([end, WHOLE.subarray(0, offset).indexOf(body)]).toEqual(['cut', 0]);
    });
    expect(site.runs).toBe(WHOLE.length + 1);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: WHOLE.length + 1 });
  });

  it('is stored as it is where its form has no end of its own', async () => {
    const site = await cachedSite(express, (req, res) => {
      sendUpTo(offsetOf(req), res.type('txt'), () => res.end());
    });
    await oneByOne(WHOLE.length + 1, async (offset) => {
      const first = await (await ask(site, offset)).ended();
      const second = await (await ask(site, offset)).ended();
      expect([first.body, second.body]).toEqual([WHOLE.subarray(0, offset), WHOLE.subarray(0, offset)]);
      expect(second.chunks).toEqual(first.chunks);
    });
    expect(site.runs).toBe(WHOLE.length + 1);
  });
});
