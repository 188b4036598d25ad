import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, sendEvents } from './event-stream.ts';

/** Writes of any length, with some that are long enough to be compressed, and whether the last of them comes with `end`. */
const writings = fc.record({
  writes: fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(3000).map((length) => new Uint8Array(length)),
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  lastWithEnd: fc.boolean(),
});

describe.each(expressVersions)('a replay on $name', ({ express }) => {
  it('has the bytes and the HTTP chunks of the first answer, however it was written', async () => {
    let writing: { writes: readonly Uint8Array[]; lastWithEnd: boolean };
    const site = await cachedSite(express, (_req, res) => {
      const { writes, lastWithEnd } = writing;
      const pieces = lastWithEnd ? writes.slice(0, -1) : writes;
      res.type('txt').flushHeaders();
      for (const one of pieces) res.write(one);
      if (lastWithEnd) res.end(writes.at(-1));
      else res.end();
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(writings, async (next) => {
        writing = next;
        runs += 1;
        const path = `/${runs}`;
        const first = await (await wireClient(site.port, { path })).ended();
        const hit = await (await wireClient(site.port, { path })).ended();
        const sent = next.writes.filter(({ length }) => length > 0).map((one) => Buffer.from(one));
        expect(first.chunks).toEqual(sent);
        expect(hit.chunks).toEqual(sent);
        expect([hit.end, hit.body]).toEqual(['whole', Buffer.concat(sent)]);
        expect(hit.cacheStatus).toMatch(/hit/);
        expect(site.runs).toBe(runs);
      }),
      { numRuns: 100 },
    );
  });

  it('has the chunks of the first answer behind a Redis-sized detour, too: compressed, decoded, and kept decoded', async () => {
    const events = Array.from({ length: 200 }, (_, index) => `data: {"token":"number ${index}"}\n\n`).concat(EVENTS);
    const site = await cachedSite(express, (_req, res) => sendEvents(res, events));
    const clients = [];
    for (let index = 0; index < 4; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each when the one before has ended
      clients.push(await (await wireClient(site.port, { headers: { 'Accept-Encoding': 'br, gzip' } })).ended());
    }
    for (const { chunks, headers } of clients) {
      expect(chunks.map(String)).toEqual(events);
      expect(headers).not.toHaveProperty('content-encoding');
    }
    expect(site.runs).toBe(1);
  });
});
