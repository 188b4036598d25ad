import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Response } from 'express';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { notStored } from './event-stream.ts';

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');
const TOTAL = 256 * MIB;

/** Writes the whole of it, at the pace of the client. Resolves to the bytes held at the beginning and at most. */
async function pour(res: Response): Promise<{ before: number; most: number }> {
  const before = await held();
  let most = before;
  for (let written = PIECE.length; written <= TOTAL; written += PIECE.length) {
    // oxlint-disable no-await-in-loop -- what a handler does that minds the pace of its client
    if (!res.write(PIECE)) await once(res, 'drain');
    if (written % (32 * MIB) === 0) most = Math.max(most, await held());
    // oxlint-enable no-await-in-loop
  }
  res.end();
  return { before, most };
}

/** Bytes that are in use in this process, its buffers included. */
async function held(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // Buffers are freed in the turn after.
  await turn();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function drained(port: number): Promise<number> {
  const [response] = (await once(request({ host: '127.0.0.1', port, agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return bytes;
}

describe.each(expressVersions)('a stream beyond maxEntryBytes on $name', ({ express }) => {
  it('passes through, is not stored, and leaves memory as it was', async () => {
    const poured = Promise.withResolvers<{ before: number; most: number }>();
    const site = await cachedSite(express, (_req, res) => poured.resolve(pour(res.type('txt'))));
    expect(await drained(site.port)).toBe(TOTAL);
    expect(site.runs).toBe(1);
    await expect.poll(() => notStored(site)).toEqual({ 'too-large': 1 });
    const { before, most } = await poured.promise;
    expect(most - before).toBeLessThan(4 * MIB);
    expect((await held()) - before).toBeLessThan(4 * MIB);
  });

  it('whose length the head tells is known to be too large then, and is not recorded at all', async () => {
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.set('Content-Length', '300').type('txt').write('x'.repeat(150));
        res.end('y'.repeat(150));
      },
      { cache: { maxEntryBytes: 299 } },
    );
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ body }) => body.length)).toEqual([300, 300]);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual(
      Array.from({ length: 2 }, () => 'ai-cache; fwd=miss; detail=too-large'),
    );
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ 'too-large': 2 });
  });

  it('in a hundred thousand pieces more than can be kept passes through, too', async () => {
    const pieces = 131_073;
    const site = await cachedSite(express, async (_req, res) => {
      res.type('txt');
      for (let index = 0; index < pieces; index += 1) {
        // oxlint-disable-next-line no-await-in-loop -- what a handler does that minds the pace of its client
        if (!res.write('x')) await once(res, 'drain');
      }
      res.end();
    });
    expect(await drained(site.port)).toBe(pieces);
    expect(site.runs).toBe(1);
    await expect.poll(() => notStored(site)).toEqual({ 'too-large': 1 });
  });
});
