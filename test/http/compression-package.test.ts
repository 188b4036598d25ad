import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import compression from 'compression';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import type { Answer, Sent } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

const long = 'All work and no play makes a dull answer. '.repeat(60);
const sendLong = (_req: Request, res: Response): unknown => res.type('txt').send(long);
const sendPieces = (_req: Request, res: Response): unknown => {
  res.type('txt').write(long.slice(0, 700));
  res.write(long.slice(700, 1500));
  return res.end(long.slice(1500));
};

/** Clients that accept none, gzip, brotli, and all of it. */
const clients: readonly Sent[] = [
  {},
  { headers: { 'accept-encoding': 'gzip' } },
  { headers: { 'accept-encoding': 'br' } },
  { headers: { 'accept-encoding': 'gzip, deflate, br' } },
];

function decoded({ headers, body }: Answer): string {
  switch (headers['content-encoding']) {
    case undefined:
      return body.toString();
    case 'gzip':
      return gunzipSync(body).toString();
    case 'br':
      return brotliDecompressSync(body).toString();
    default:
      throw new Error(`unexpected coding ${headers['content-encoding']}`);
  }
}

function accepts(sent: Sent, { headers }: Answer): boolean {
  const coding = headers['content-encoding'];
  return coding === undefined || String(sent.headers?.['accept-encoding']).includes(coding);
}

describe.each(expressVersions)('the package compression on $name', ({ express }) => {
  describe.each([
    ['a whole body', sendLong],
    ['a body in pieces', sendPieces],
  ])('with %s', (_form, handler) => {
    it.each([0, 1, 2, 3])(
      'before the cache: every client gets what it accepts, whoever asks first (%i)',
      async (first) => {
        const site = await cachedSite(express, handler, { outer: [compression()] });
        await expectRightFor(site, first);
      },
    );

    it.each([0, 1, 2, 3])(
      'behind the cache: every client gets what it accepts, whoever asks first (%i)',
      async (first) => {
        const site = await cachedSite(express, handler, { inner: [compression()] });
        await expectRightFor(site, first);
      },
    );

    it.each([0, 1, 2, 3])(
      'before and behind: every client gets what it accepts, whoever asks first (%i)',
      async (first) => {
        const site = await cachedSite(express, handler, { outer: [compression()], inner: [compression()] });
        await expectRightFor(site, first);
      },
    );
  });

  async function expectRightFor(site: Awaited<ReturnType<typeof cachedSite>>, first: number): Promise<void> {
    const sent = [clients[first] as Sent, ...clients, ...clients];
    const answers = await site.askInTurn(...sent);
    for (const [index, answer] of answers.entries()) {
      expect(answer.status).toBe(200);
      expect(accepts(sent[index] as Sent, answer)).toBe(true);
      expect(decoded(answer)).toBe(long);
      expect(answer.headers.vary ?? 'Accept-Encoding').toBe('Accept-Encoding');
    }
    // A repeat may come while the first answer is still being decoded.
    for (const { cacheStatus } of answers.slice(1)) expect(cacheStatus).toMatch(/^ai-cache; (hit|fwd=miss; collapsed)/);
    expect(site.runs).toBe(1);
  }
});

describe.each(expressVersions)('a coding that the handler chose on $name', ({ express }) => {
  const coded =
    (coding: 'gzip' | 'br') =>
    (_req: Request, res: Response): unknown =>
      res
        .set({ 'Content-Encoding': coding, ETag: '"coded"', Vary: 'Accept-Encoding' })
        .type('txt')
        .send(coding === 'gzip' ? gzipSync(long) : brotliCompressSync(long));

  it.each(['gzip', 'br'] as const)(
    '%s goes out as it was made to those who accept it, decoded to others',
    async (coding) => {
      const site = await cachedSite(express, coded(coding));
      const [first, ...hits] = await site.askInTurn({ headers: { 'accept-encoding': coding } }, ...clients);
      const same = hits.filter(({ headers }) => headers['content-encoding'] === coding);
      const plain = hits.filter(({ headers }) => headers['content-encoding'] === undefined);
      expect([same.length, plain.length]).toEqual([2, 2]);
      for (const hit of same)
        expect([hit.body.equals(first?.body ?? Buffer.alloc(0)), hit.headers.etag]).toEqual([true, '"coded"']);
      for (const hit of plain) expect([hit.text, hit.headers.etag]).toEqual([long, '"coded-identity"']);
      expect(site.runs).toBe(1);
    },
  );

  it('is not compressed again, even where that would save much', async () => {
    const loose = gzipSync(long, { level: 0 });
    const site = await cachedSite(express, (_req, res) => res.set('Content-Encoding', 'gzip').type('txt').end(loose));
    const [, ...hits] = await site.askInTurn({ headers: { 'accept-encoding': 'gzip' } }, ...clients);
    expect(hits.map(decoded)).toEqual([long, long, long, long]);
    expect(hits.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip', undefined, 'gzip']);
    expect(site.runs).toBe(1);
  });

  it('is what shouldStore sees decoded', async () => {
    const seen: string[] = [];
    const site = await cachedSite(express, coded('gzip'), {
      route: { shouldStore: ({ body }) => seen.push(body.toString()) > 0 },
    });
    await site.askInTurn({ headers: { 'accept-encoding': 'gzip' } }, {});
    expect(seen).toEqual([long]);
    expect(site.runs).toBe(1);
  });

  it('is stored, and telemetry says so', async () => {
    const site = await cachedSite(express, coded('gzip'));
    await site.ask({ headers: { 'accept-encoding': 'gzip' } });
    await expect.poll(() => site.cache.stats().misses, { timeout: 10_000 }).toBe(1);
    expect(site.cache.monitor.snapshot().requests.notStoredReasons).toEqual({});
    expect(site.cache.monitor.snapshot().compression.byCoding).toMatchObject({
      gzip: { count: 1, rawBytes: long.length },
    });
  });
});
