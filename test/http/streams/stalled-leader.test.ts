import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { Response } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { turnsUntil } from '../../support/turns.ts';
import { wireClient } from '../../support/wire-client.ts';
import { notStored } from './event-stream.ts';
import { leavingSite } from './leaving-site.ts';

const MIB = 1024 * 1024;
const PIECE = 'x'.repeat(64 * 1024);
const PIECES = 256;

/** As a handler writes that minds the pace of its client. */
async function pour(res: Response): Promise<void> {
  res.type('txt').write('begun ');
  for (let index = 0; index < PIECES; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    if (!res.write(PIECE)) await once(res, 'drain');
  }
  res.end();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(expressVersions)('a handler whose client takes nothing on $name', ({ express }) => {
  const large = { maxEntryBytes: 32 * MIB, memory: { maxEntryBytes: 32 * MIB } };
  const headers = { Connection: 'close' };

  it('waits for it as long as nobody else wants the answer', async () => {
    const { site, requests } = await leavingSite(express, (_req, res) => pour(res), { cache: large });
    const client = await wireClient(site.port, { headers }, { isReading: false });
    await turnsUntil(() => requests[0]?.res?.writableNeedDrain === true);
    vi.advanceTimersByTime(60_000);
    expect(requests[0]?.socket.destroyed).toBe(false);
    client.socket.resume();
    await once(client.socket, 'close');
    expect((await client.ended()).body.length).toBe(6 + PIECES * PIECE.length);
    expect(site.runs).toBe(1);
  });

  it('leaves it behind after five seconds where others wait for the same bytes', async () => {
    const { site, requests, ends } = await leavingSite(express, (_req, res) => pour(res), { cache: large });
    const client = await wireClient(site.port, { headers }, { isReading: false });
    await turnsUntil(() => requests[0]?.res?.writableNeedDrain === true);
    const joiner = await wireClient(site.port, { headers });
    await joiner.has('begun ');
    vi.advanceTimersByTime(4999);
    expect(requests[0]?.socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(requests[0]?.socket.destroyed).toBe(true);
    expect(await ends[0]).toBeUndefined();
    await once(joiner.socket, 'close');
    const { body, end } = await joiner.ended();
    expect([end, body.length]).toEqual(['whole', 6 + PIECES * PIECE.length]);
    client.socket.resume();
    await once(client.socket, 'close');
    expect((await client.ended()).end).toBe('cut');
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect([site.runs, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('is stopped when its client has gone and its answer is more than can be kept', async () => {
    const { site, requests, left } = await leavingSite(express, (_req, res) => pour(res), {
      cache: { maxEntryBytes: MIB },
    });
    const client = await wireClient(site.port, { headers }, { isReading: false });
    await turnsUntil(() => requests[0]?.res?.writableNeedDrain === true);
    client.leave();
    await left.reached(1);
    await turnsUntil(() => Object.keys(notStored(site)).length > 0);
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect(notStored(site)).toEqual({ unfinished: 1 });
    expect([site.runs, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('is stopped when its answer grows to more than can be kept after its client has gone', async () => {
    const { site, left, mayGoOn, ends } = await leavingSite(
      express,
      async (_req, res, course) => {
        res.type('txt').write('begun ');
        await course.mayGoOn.opened;
        let written = 0;
        while (written < PIECES && !res.destroyed) {
          written += 1;
          res.write(PIECE);
          // oxlint-disable-next-line no-await-in-loop -- one piece after the other
          await turn();
        }
        return written;
      },
      { cache: { maxEntryBytes: MIB } },
    );
    const client = await wireClient(site.port, { headers });
    await client.has('begun ');
    client.leave();
    await left.reached(1);
    expect((await site.cache.info()).fillsActive).toBe(1);
    mayGoOn.open();
    expect(await ends[0]).toBeLessThan(20);
    expect(notStored(site)).toEqual({ unfinished: 1 });
    expect(site.runs).toBe(1);
  });
});
