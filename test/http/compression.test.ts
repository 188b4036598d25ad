import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

const long = 'All work and no play makes a dull answer. '.repeat(60);
const sendLong = (_req: Request, res: Response): unknown => res.type('txt').send(long);

const accepting = (codings: string) => ({ headers: { 'accept-encoding': codings } });

function codingOf({ headers }: Answer): string | undefined {
  return headers['content-encoding'];
}

const algorithms = [
  { algorithm: 'brotli', coding: 'br', decode: brotliDecompressSync },
  { algorithm: 'gzip', coding: 'gzip', decode: gunzipSync },
  { algorithm: 'deflate', coding: 'deflate', decode: inflateSync },
  { algorithm: 'zstd', coding: 'zstd', decode: zstdDecompressSync },
] as const;

describe.each(expressVersions)('a long body on $name', ({ express }) => {
  it.each(algorithms)('goes out in $coding to those who accept it', async ({ algorithm, coding, decode }) => {
    const site = await cachedSite(express, sendLong, { cache: { compression: { algorithm } } });
    const miss = await site.ask(accepting(coding));
    const hit = await site.ask(accepting(coding));
    expect([codingOf(miss), miss.text]).toEqual([undefined, long]);
    expect([codingOf(hit), hit.headers.vary]).toEqual([coding, 'Accept-Encoding']);
    expect(decode(hit.body).toString()).toBe(long);
    expect(hit.headers['content-length']).toBe(String(hit.body.length));
    expect(hit.body.length).toBeLessThan(long.length / 2);
    expect(site.runs).toBe(1);
  });

  it.each([
    ['no Accept-Encoding', {}],
    ['gzip alone', accepting('gzip')],
    ['br;q=0', accepting('br;q=0')],
    ['*;q=0, identity', accepting('*;q=0, identity')],
    ['an empty Accept-Encoding', accepting('')],
  ])('goes out as it is to a client with %s', async (_what, sent) => {
    const site = await cachedSite(express, sendLong);
    const [, hit, again] = await site.askInTurn({}, sent, sent);
    expect(hit?.cacheStatus).toMatch(/^ai-cache; hit/);
    expect([hit && codingOf(hit), hit?.text, hit?.headers.vary]).toEqual([undefined, long, 'Accept-Encoding']);
    expect(again?.text).toBe(long);
    expect(site.runs).toBe(1);
  });

  it.each(['br', 'gzip, br', 'gzip;q=1, br;q=0.1', '*', 'BR'])(
    'goes out in br to a client with %s',
    async (codings) => {
      const site = await cachedSite(express, sendLong);
      await site.ask();
      const hit = await site.ask(accepting(codings));
      expect(codingOf(hit)).toBe('br');
      expect(brotliDecompressSync(hit.body).toString()).toBe(long);
      expect(site.runs).toBe(1);
    },
  );

  it('goes out to all clients in turn, each in its own coding', async () => {
    const site = await cachedSite(express, sendLong);
    const answers = await site.askInTurn({}, accepting('br'), {}, accepting('br'), accepting('gzip'));
    expect(answers.map(codingOf)).toEqual([undefined, 'br', undefined, 'br', undefined]);
    expect(answers.map(({ body }) => body.length === long.length)).toEqual([true, false, true, false, true]);
    expect(site.runs).toBe(1);
  });

  it('is decoded once for all clients that take no compression', async () => {
    const site = await cachedSite(express, sendLong);
    await site.askInTurn({}, accepting('br'), {}, {}, {});
    expect(site.cache.monitor.snapshot().compression.decompress).toMatchObject({ br: { count: 1 } });
    expect(site.runs).toBe(1);
  });

  it('is compressed once, for the first client that takes the coding, and until then kept as it came', async () => {
    const site = await cachedSite(express, sendLong);
    const compressions = (): unknown => site.cache.monitor.snapshot().compression.compress['br']?.count;
    const keptBytes = async (): Promise<number> => {
      const { memory } = (await site.cache.info()).tiers;
      return memory === false ? 0 : memory.usedBytes;
    };
    const plain = await site.askInTurn({}, {}, accepting('gzip'));
    expect(plain.map((answer) => [codingOf(answer), answer.text])).toEqual(plain.map(() => [undefined, long]));
    expect(plain.slice(1).map(({ headers }) => headers.vary)).toEqual(['Accept-Encoding', 'Accept-Encoding']);
    expect(compressions()).toBeUndefined();
    const bytesBefore = await keptBytes();
    const coded = await site.askInTurn(accepting('br'), accepting('br'));
    expect(coded.map(codingOf)).toEqual(['br', 'br']);
    expect(coded.map(({ body }) => brotliDecompressSync(body).toString() === long)).toEqual([true, true]);
    expect([compressions(), (await keptBytes()) < bytesBefore, site.runs]).toEqual([1, true, 1]);
  });

  it('is compressed before it is kept where it would take much of the memory', async () => {
    const site = await cachedSite(express, sendLong, { cache: { memory: { maxBytes: 32 * long.length } } });
    await site.ask();
    expect(site.cache.monitor.snapshot().compression.compress).toMatchObject({ br: { count: 1 } });
    expect([codingOf(await site.ask(accepting('br'))), site.runs]).toEqual(['br', 1]);
  });

  it('that is kept as it came is found too random to compress once', async () => {
    const noise = randomBytes(4_000);
    const site = await cachedSite(express, (_req, res) => res.type('application/x-noise').send(noise));
    const answers = await site.askInTurn({}, accepting('br'), accepting('br'));
    expect(answers.map((answer) => [codingOf(answer), answer.body.equals(noise)])).toEqual(
      answers.map(() => [undefined, true]),
    );
    expect(site.cache.monitor.snapshot().compression.compress).toMatchObject({ br: { count: 1 } });
    expect(site.runs).toBe(1);
  });

  it('that takes long to compress is a hit meanwhile, with coalesce: false too', async () => {
    const text = Array.from({ length: 60_000 }, (_, index) => `${index * index} `).join('');
    const site = await cachedSite(express, (_req, res) => res.type('txt').send(text), {
      cache: { coalesce: false, compression: { level: 10 } },
    });
    const [miss, hit] = await site.askInTurn({}, {});
    expect([miss?.text === text, hit?.text === text, site.runs]).toEqual([true, true, 1]);
  });

  it('stays as it is with compression: false', async () => {
    const site = await cachedSite(express, sendLong, { cache: { compression: false } });
    const [, hit] = await site.askInTurn({}, accepting('br'));
    expect([hit && codingOf(hit), hit?.text, hit?.headers.vary]).toEqual([undefined, long, undefined]);
    expect(site.runs).toBe(1);
  });

  it('stays as it is where its type is compressed by nature, whatever its bytes', async () => {
    const site = await cachedSite(express, (_req, res) => res.type('image/png').send(Buffer.from(long)));
    const [, hit] = await site.askInTurn({}, accepting('br'));
    expect([hit && codingOf(hit), hit?.text]).toEqual([undefined, long]);
    expect(site.runs).toBe(1);
  });

  it('of more than 16 KiB is a hit at once, while it is still being compressed', async () => {
    const text = long.repeat(20);
    const site = await cachedSite(express, (_req, res) => res.type('txt').send(text));
    const [miss, hit] = await site.askInTurn({}, {});
    expect([miss?.text === text, hit?.text === text, site.runs]).toEqual([true, true, 1]);
    expect(hit?.cacheStatus).toMatch(/^ai-cache; hit/);
    await expect.poll(async () => codingOf(await site.ask(accepting('br'))), { timeout: 10_000 }).toBe('br');
    const coded = await site.ask(accepting('br'));
    expect(brotliDecompressSync(coded.body).toString()).toBe(text);
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('a short or incompressible body on $name', ({ express }) => {
  it('just below the threshold stays as it is, at the threshold it is compressed', async () => {
    const site = await cachedSite(express, (req, res) => res.type('txt').send('x'.repeat(Number(req.query.bytes))));
    const asked = ['/?bytes=1023', '/?bytes=1024'].map((path) => ({ path, ...accepting('br') }));
    const [, , below, at] = await site.askInTurn(...asked, ...asked);
    expect([below && codingOf(below), at && codingOf(at)]).toEqual([undefined, 'br']);
    expect(site.runs).toBe(2);
  });

  it('that hardly shrinks stays as it is', async () => {
    const random = crypto.getRandomValues(new Uint8Array(4096));
    const site = await cachedSite(express, (_req, res) => res.type('bin').send(Buffer.from(random)));
    const [, hit] = await site.askInTurn({}, accepting('br'));
    expect([hit && codingOf(hit), hit?.body.equals(random)]).toEqual([undefined, true]);
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('the ETag of a compressed entry on $name', ({ express }) => {
  const tagged =
    (etag: string) =>
    (_req: Request, res: Response): unknown =>
      res.set('ETag', etag).type('txt').send(long);

  it('that is strong gets a suffix for each coding', async () => {
    const site = await cachedSite(express, tagged('"v1"'));
    const answers = await site.askInTurn({}, {}, accepting('br'));
    expect(answers.map(({ headers }) => headers.etag)).toEqual(['"v1"', '"v1"', '"v1-br"']);
    expect(site.runs).toBe(1);
  });

  it('that is weak stays, since it names the answer in every coding', async () => {
    const site = await cachedSite(express, tagged('W/"v1"'));
    const answers = await site.askInTurn({}, {}, accepting('br'));
    expect(answers.map(({ headers }) => headers.etag)).toEqual(['W/"v1"', 'W/"v1"', 'W/"v1"']);
  });

  it('matches If-None-Match with and without the suffix', async () => {
    const site = await cachedSite(express, tagged('"v1"'));
    const withTag = (etag: string, codings = 'br') => ({
      headers: { 'accept-encoding': codings, 'if-none-match': etag },
    });
    const [, plain, suffixed, list, other, identity] = await site.askInTurn(
      {},
      withTag('"v1"'),
      withTag('"v1-br"'),
      withTag('"x", "v1-br"'),
      withTag('"v2"'),
      withTag('"v1"', 'identity'),
    );
    expect([plain, suffixed, list, other, identity].map((answer) => answer?.status)).toEqual([304, 304, 304, 200, 304]);
    expect([plain, suffixed, identity].map((answer) => answer?.headers.etag)).toEqual(['"v1-br"', '"v1-br"', '"v1"']);
    expect(suffixed?.headers).toMatchObject({
      vary: 'Accept-Encoding',
      'cache-status': expect.stringMatching(/; hit;/),
    });
    for (const name of ['content-encoding', 'content-type', 'content-length'])
      expect(suffixed?.headers).not.toHaveProperty(name);
    expect(suffixed?.body).toHaveLength(0);
    expect(site.runs).toBe(1);
  });
});
