import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cachedSite, HIT } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, event, sendEvents } from './event-stream.ts';
import { written } from './written.ts';

const WHOLE = EVENTS.join('');

describe.each(expressVersions)('a stored stream on $name', ({ express }) => {
  it('to a client that does not read holds no more than a high-water mark', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const sent = written();
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('txt');
        for (let index = 0; index < 256; index += 1) res.write(piece);
        res.end();
      },
      {
        cache: { maxEntryBytes: 32 * 1024 * 1024, memory: { maxEntryBytes: 32 * 1024 * 1024 } },
        outer: [sent.middleware],
      },
    );
    await site.ask();
    const client = await wireClient(site.port, { headers: { Connection: 'close' } }, { isReading: false });
    await expect.poll(() => sent.responses[1]?.writableNeedDrain, { timeout: 5000 }).toBe(true);
    const res = sent.responses[1];
    const { writableLength = 0, writableHighWaterMark = 0 } = res ?? {};
    expect(writableLength).toBeGreaterThan(0);
    expect(writableLength).toBeLessThan(writableHighWaterMark + piece.length + 64);
    expect(sent.of(1).length).toBeLessThan(256);
    client.socket.resume();
    await once(client.socket, 'close');
    const answer = await client.ended();
    expect([answer.end, answer.body.length, answer.cacheStatus?.includes('hit')]).toEqual([
      'whole',
      256 * 65_536,
      true,
    ]);
    expect(site.runs).toBe(1);
  });

  it('is never given to a request for the other form', async () => {
    const site = await cachedSite(express, (req, res) =>
      req.body.stream === true ? sendEvents(res, EVENTS) : res.json({ whole: true }),
    );
    const asked = [{ text: 'a', stream: true }, { text: 'a', stream: false }, { text: 'a' }];
    const answers = await site.askInTurn(...[...asked, ...asked].map((json) => ({ json })));
    expect(answers.map(({ text }) => text)).toEqual(
      [...Array(2)].flatMap(() => [WHOLE, '{"whole":true}', '{"whole":true}']),
    );
    expect(answers.map(({ cacheStatus }) => cacheStatus?.includes('hit'))).toEqual([
      ...Array(3).fill(false),
      ...Array(3).fill(true),
    ]);
    expect(site.runs).toBe(3);
  });

  it.each([
    ['Last-Event-ID', { 'last-event-id': '2' }, 'last-event-id'],
    ['Range', { range: 'bytes=5-' }, 'range'],
  ])('is past by for a request with %s, whose answer is not stored', async (_name, headers, detail) => {
    const site = await cachedSite(express, (req, res) =>
      sendEvents(res, Object.keys(headers).some((name) => req.headers[name] !== undefined) ? EVENTS.slice(1) : EVENTS),
    );
    const [before, whole, after, hit] = await site.askInTurn({ headers }, {}, { headers }, {});
    expect([before?.text, whole?.text, after?.text, hit?.text]).toEqual([
      EVENTS.slice(1).join(''),
      WHOLE,
      EVENTS.slice(1).join(''),
      WHOLE,
    ]);
    expect([before?.cacheStatus, after?.cacheStatus]).toEqual(Array(2).fill(`ai-cache; fwd=bypass; detail=${detail}`));
    expect(hit?.cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(3);
  });

  it('tells a HEAD its head', async () => {
    const site = await cachedSite(express, (_req, res) => sendEvents(res, EVENTS));
    const [, head] = await site.askInTurn({}, { method: 'HEAD' });
    expect([head?.status, head?.body.length, head?.cacheStatus]).toEqual([
      200,
      0,
      expect.stringMatching(/^ai-cache; hit; /),
    ]);
    expect(site.runs).toBe(1);
  });

  it.each(['br', 'gzip', 'deflate, gzip;q=0.5', '*'])(
    'is kept compressed and replayed in identity to a client that takes %s',
    async (coding) => {
      const events = [event('x'.repeat(20_000)), ...EVENTS];
      const site = await cachedSite(express, (_req, res) => sendEvents(res, events), { clock: manualClock() });
      await site.ask();
      expect((await site.cache.info()).tiers.memory).toMatchObject({ entries: 1 });
      const hit = await (await wireClient(site.port, { headers: { 'Accept-Encoding': coding } })).ended();
      expect([hit.chunks.map(String), hit.headers['content-encoding'], hit.cacheStatus]).toEqual([
        events,
        undefined,
        HIT,
      ]);
      expect(site.runs).toBe(1);
    },
  );

  it('has the headers and the reason phrase of the first one, and its age', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.statusMessage = 'Streaming';
        sendEvents(res.set({ 'X-Accel-Buffering': 'no', Link: ['</a>', '</b>'] }), EVENTS);
      },
      { clock },
    );
    const first = await site.ask();
    clock.advance(5000);
    const hit = await site.ask();
    expect([hit.statusMessage, hit.headers['x-accel-buffering'], hit.headers.link]).toEqual([
      'Streaming',
      'no',
      first.headers.link,
    ]);
    expect(hit.headers).toMatchObject({
      age: '5',
      'content-type': first.headers['content-type'],
      'transfer-encoding': 'chunked',
    });
    expect(site.runs).toBe(1);
  });

  it('goes to a client of HTTP/1.0 without chunks, and from one to others with them', async () => {
    const site = await cachedSite(express, (_req, res) => sendEvents(res, EVENTS));
    const old = await (await wireClient(site.port, { version: '1.0' })).ended();
    const hit = await (await wireClient(site.port)).ended();
    const oldHit = await (await wireClient(site.port, { version: '1.0' })).ended();
    expect([old.text, oldHit.text, hit.text]).toEqual([WHOLE, WHOLE, WHOLE]);
    expect([old.headers['transfer-encoding'], oldHit.headers['transfer-encoding']]).toEqual([undefined, undefined]);
    expect(hit.chunks.map(String)).toEqual(EVENTS);
    expect(site.runs).toBe(1);
  });

  it('of a file, whose length was told, is replayed whole with its Content-Length', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ai-cache-file-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const content = Buffer.alloc(300_000, 'some text, ');
    await writeFile(join(folder, 'answer.txt'), content);
    const site = await cachedSite(express, (_req, res) => res.sendFile('answer.txt', { root: folder, maxAge: 60_000 }));
    const first = await (await wireClient(site.port)).ended();
    const hit = await (await wireClient(site.port)).ended();
    expect([first.end, hit.end]).toEqual(['whole', 'whole']);
    expect([hit.body.equals(content), hit.headers['content-length']]).toEqual([true, '300000']);
    expect(hit.headers).not.toHaveProperty('transfer-encoding');
    expect([hit.headers.etag, hit.headers['last-modified']]).toEqual([
      first.headers.etag,
      first.headers['last-modified'],
    ]);
    expect(hit.cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(1);
  });
});
