import { once } from 'node:events';
import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cachedSite, HIT } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS } from './event-stream.ts';

/** The forms of a stream: its media type and its writes. */
const forms: readonly [form: string, type: string, writes: readonly string[]][] = [
  ['an event stream', 'text/event-stream', EVENTS],
  ['JSON lines', 'application/x-ndjson', ['{"a":1}\n', '{"a":"é"}\n', '{"a":3}\n']],
  ['text in pieces', 'text/plain; charset=utf-8', ['one ', 'zwölf ', 'drei']],
  ['bytes of no type', '', ['one', '\u0000', 'three']],
];

describe.each(expressVersions)('the first client of a stream on $name', ({ express }) => {
  it.each(forms)('gets each write of %s as it is made, and a hit is the same', async (_form, type, writes) => {
    const gates = writes.map(() => gate());
    const written: number[] = [];
    const site = await cachedSite(
      express,
      async (_req, res) => {
        if (type !== '') res.set('Content-Type', type);
        for (const [index, text] of writes.entries()) {
          // oxlint-disable-next-line no-await-in-loop -- the client opens the next gate when it has got the write before
          await gates[index]?.opened;
          written.push(index);
          res.write(text);
        }
        res.end();
      },
      { clock: manualClock() },
    );
    const client = await wireClient(site.port);
    let got = '';
    for (const [index, text] of writes.entries()) {
      got += text;
      gates[index]?.open();
      // oxlint-disable-next-line no-await-in-loop -- as it comes
      expect((await client.has(got)).text).toBe(got);
      expect(written).toHaveLength(index + 1);
    }
    const first = await client.ended();
    expect([first.text, first.end, first.cacheStatus]).toEqual([got, 'whole', 'ai-cache; fwd=miss']);
    const hit = await (await wireClient(site.port)).ended();
    expect([hit.text, hit.end, hit.cacheStatus]).toEqual([got, 'whole', HIT]);
    expect([hit.chunks, hit.headers['content-type']]).toEqual([first.chunks, first.headers['content-type']]);
    expect(first.chunks.map(String)).toEqual(writes);
    expect(site.runs).toBe(1);
  });

  it('gets the head when the handler flushes it, before there is a body', async () => {
    const mayWrite = gate();
    const site = await cachedSite(express, async (_req, res) => {
      res.type('text/event-stream').flushHeaders();
      await mayWrite.opened;
      res.end(EVENTS.join(''));
    });
    const client = await wireClient(site.port);
    const head = await client.until(() => true);
    expect([head.status, head.headers['content-type'], head.text]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      '',
    ]);
    mayWrite.open();
    expect((await client.ended()).text).toBe(EVENTS.join(''));
    expect((await site.ask()).text).toBe(EVENTS.join(''));
    expect(site.runs).toBe(1);
  });

  it('that does not read makes the handler wait for drain, and it gets every byte', async () => {
    const piece = 'x'.repeat(16_384);
    const isFull = gate();
    let accepted = 0;
    let pending = 0;
    const site = await cachedSite(express, async (_req, res) => {
      res.type('txt');
      while (res.write(piece)) accepted += 1;
      pending = res.writableLength;
      isFull.open();
      await once(res, 'drain');
      res.end('the end');
    });
    const client = await wireClient(site.port, {}, { isReading: false });
    await isFull.opened;
    expect(pending).toBeGreaterThan(0);
    client.socket.resume();
    const { text, end } = await client.ended();
    expect([text, end]).toEqual([`${piece.repeat(accepted + 1)}the end`, 'whole']);
    expect((await site.ask()).text).toBe(text);
    expect(site.runs).toBe(1);
  });

  it('and the handler see of write and drain what they see without the cache', async () => {
    const seen: boolean[] = [];
    const bare: boolean[] = [];
    /** `write` is false from the high-water mark of the response on. */
    const handler = (results: boolean[]) => (_req: unknown, res: Response) => {
      const { writableHighWaterMark } = res;
      results.push(res.write('x'.repeat(writableHighWaterMark >> 1)), res.write('x'.repeat(writableHighWaterMark)));
      results.push(res.writableNeedDrain);
      res.once('drain', () => res.end());
    };
    const site = await cachedSite(express, handler(seen));
    const withoutCache = await cachedSite(express, handler(bare), { route: { skip: () => true } });
    const [cached, plain] = await Promise.all([site.ask(), withoutCache.ask()]);
    expect(cached.body).toEqual(plain.body);
    expect(seen).toEqual([true, false, true]);
    expect(bare).toEqual(seen);
    expect(site.runs).toBe(1);
  });

  it('gets strings in their encoding and bytes as they are, however the handler uses its buffer again', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3]);
    const site = await cachedSite(express, (_req, res) => {
      res.write('68c3a9', 'hex');
      res.write('é', 'latin1');
      res.write(new Uint8Array([1, 2]));
      res.write(bytes, () => bytes.fill('x'));
      res.end('w6k=', 'base64');
    });
    const expected = Buffer.from([0x68, 0xc3, 0xa9, 0xe9, 1, 2, 0xff, 0x00, 0xc3, 0xc3, 0xa9]);
    const [first, hit] = await site.askInTurn({}, {});
    expect([first?.body, hit?.body]).toEqual([expected, expected]);
    expect(site.runs).toBe(1);
  });
});
