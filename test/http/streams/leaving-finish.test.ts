import { once } from 'node:events';
import { finished, pipeline, Readable } from 'node:stream';
import { pipeline as promisedPipeline } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient, type WireRequest } from '../../support/wire-client.ts';
import { EVENTS, notStored } from './event-stream.ts';
import { leavingSite, type LeavingHandler } from './leaving-site.ts';

const FIRST = EVENTS[0] as string;
const REST = EVENTS.slice(1);

/** More than a socket and the system behind it take from a server whose client does not read. */
const LARGE = Array.from({ length: 256 }, (_, index) => `${index} `.padEnd(64 * 1024, 'x'));

/** An upstream that goes on when its client has gone. */
async function* upstream(left: Promise<void>): AsyncGenerator<string> {
  yield FIRST;
  await left;
  yield* REST;
}

const GET: WireRequest = {};
const POST: WireRequest = { json: { text: 'a question' } };

interface Leaving {
  readonly how: string;
  readonly handler: LeavingHandler;
  readonly body?: string;
  /** The client leaves when it has the first event, or nothing yet, or when it has not read for so long that the handler waits. */
  readonly until?: 'silent' | 'stalled';
  /** A request with a body is closed as soon as that has been read. */
  readonly isOfGet?: boolean;
}

/** Handlers that die or hang with the socket of their client, or are told to stop, where nobody helps them. */
const handlers: readonly Leaving[] = [
  {
    how: 'that writes on',
    handler: async (_req, res, { left }) => {
      res.type('text/event-stream').write(FIRST);
      await left;
      for (const one of REST) res.write(one);
      res.end();
    },
  },
  {
    how: 'that answers later, with json()',
    body: '{"late":true}',
    until: 'silent',
    handler: async (_req, res, { left }) => {
      await left;
      res.json({ late: true });
    },
  },
  {
    how: 'that waits for drain in a loop',
    body: LARGE.join(''),
    until: 'stalled',
    handler: async (_req, res) => {
      res.type('txt');
      for (const piece of LARGE) {
        // oxlint-disable-next-line no-await-in-loop -- one piece after the other
        if (!res.write(piece)) await once(res, 'drain');
      }
      res.end();
    },
  },
  {
    how: 'that waits for drain in a for await',
    body: LARGE.join(''),
    until: 'stalled',
    handler: async (_req, res) => {
      res.type('txt');
      for await (const piece of Readable.from(LARGE)) if (!res.write(piece)) await once(res, 'drain');
      res.end();
    },
  },
  {
    how: 'that asks for writableNeedDrain first',
    body: LARGE.join(''),
    until: 'stalled',
    handler: async (_req, res) => {
      res.type('txt');
      for (const piece of LARGE) {
        // oxlint-disable-next-line no-await-in-loop -- one piece after the other
        if (res.writableNeedDrain) await once(res, 'drain');
        res.write(piece);
      }
      res.end();
    },
  },
  {
    how: 'of stream.pipe(res), stalled',
    body: LARGE.join(''),
    until: 'stalled',
    handler: async (_req, res) => {
      Readable.from(LARGE).pipe(res.type('txt'));
      await once(res, 'finish');
    },
  },
  {
    how: 'of stream.pipe(res)',
    handler: async (_req, res, { left }) => {
      Readable.from(upstream(left)).pipe(res.type('text/event-stream'));
      await once(res, 'finish');
    },
  },
  {
    how: 'of pipeline(), stalled',
    body: LARGE.join(''),
    until: 'stalled',
    handler: (_req, res) => promisedPipeline(Readable.from(LARGE), res.type('txt')),
  },
  {
    how: 'of pipeline()',
    handler: (_req, res, { left }) => promisedPipeline(upstream(left), res.type('text/event-stream')),
  },
  {
    how: 'of pipeline() with a callback',
    handler: (_req, res, { left }) =>
      new Promise<void>((resolve, reject) => {
        pipeline(Readable.from(upstream(left)), res.type('text/event-stream'), (error) =>
          error ? reject(error) : resolve(),
        );
      }),
  },
  {
    how: 'that begins its pipeline when the client has gone',
    handler: async (_req, res, { left }) => {
      res.type('text/event-stream').write(FIRST);
      await left;
      await promisedPipeline(Readable.from(REST), res);
    },
  },
  {
    how: 'that begins to pipe when the client has gone, and nothing was sent yet',
    until: 'silent',
    handler: async (_req, res, { left }) => {
      await left;
      Readable.from(EVENTS).pipe(res.type('text/event-stream'));
      await once(res, 'finish');
    },
  },
  {
    how: 'that waits for the callbacks of write() and end()',
    handler: async (_req, res, { left }) => {
      res.type('text/event-stream').write(FIRST);
      await left;
      for (const one of REST) {
        // oxlint-disable-next-line no-await-in-loop -- one event after the other
        await new Promise<void>((resolve, reject) => {
          res.write(one, (error) => (error ? reject(error) : resolve()));
        });
      }
      await new Promise<void>((resolve) => void res.end(resolve));
    },
  },
  {
    how: 'that stops on close of res',
    handler: async (_req, res, { left }) => {
      const stopped = new AbortController();
      res.on('close', () => res.writableFinished || stopped.abort());
      res.type('text/event-stream').write(FIRST);
      await left;
      stopped.signal.throwIfAborted();
      res.end(REST.join(''));
    },
  },
  {
    how: 'that stops on close or aborted of req',
    isOfGet: true,
    handler: async (req, res, { left }) => {
      const stopped = new AbortController();
      for (const name of ['close', 'aborted']) req.on(name, () => stopped.abort());
      res.type('text/event-stream').write(FIRST);
      await left;
      stopped.signal.throwIfAborted();
      res.end(REST.join(''));
    },
  },
  {
    how: 'that stops where the response or the request is closed',
    handler: async (req, res, { left }) => {
      res.type('text/event-stream').write(FIRST);
      await left;
      const { destroyed, closed, writableEnded } = res;
      if (destroyed || closed || writableEnded || req.aborted) throw new Error('closed');
      res.end(REST.join(''));
    },
  },
  {
    how: 'that gives the signal of its request to what it calls',
    handler: async (req, res, { left }) => {
      const { signal } = req as { signal?: AbortSignal };
      res.type('text/event-stream').write(FIRST);
      await left;
      signal?.throwIfAborted();
      aiCacheContext(req)?.signal.throwIfAborted();
      res.end(REST.join(''));
    },
  },
  {
    how: 'that waits for finished(res)',
    handler: async (_req, res, { left }) => {
      const over = new Promise<void>((resolve, reject) => {
        finished(res, (error) => (error ? reject(error) : resolve()));
      });
      res.type('text/event-stream').write(FIRST);
      await left;
      res.end(REST.join(''));
      await over;
    },
  },
];

describe.each(expressVersions)('a client that leaves on $name', ({ express }) => {
  it.each(handlers)(
    'lets a handler go on $how, and the next request is a hit',
    async ({ handler, body, until, isOfGet }) => {
      for (const request of isOfGet === true ? [GET] : [GET, POST]) {
        // oxlint-disable no-await-in-loop -- GET, then POST
        const { site, came, left, requests, ends } = await leavingSite(express, handler, {
          cache: { maxEntryBytes: 32 * 1024 * 1024, memory: { maxEntryBytes: 32 * 1024 * 1024 } },
        });
        const client = await wireClient(site.port, request, { isReading: until !== 'stalled' });
        if (until === 'stalled') await vi.waitUntil(() => requests[0]?.res?.writableNeedDrain, { timeout: 10_000 });
        else if (until === 'silent') await came.reached(1);
        else await client.has(FIRST);
        client.leave();
        await left.reached(1);
        expect(await ends[0]).not.toBeInstanceOf(Error);
        await expect.poll(async () => (await site.cache.info()).fillsActive).toBe(0);
        const again = await wireClient(site.port, { ...request, headers: { Connection: 'close' } });
        await once(again.socket, 'close');
        const next = await again.ended();
        expect(next.cacheStatus).toMatch(/^ai-cache; hit/);
        expect(next.text === (body ?? EVENTS.join(''))).toBe(true);
        expect(site.runs).toBe(1);
        expect(notStored(site)).toEqual({});
        expect(site.cache.stats()).toMatchObject({ misses: 1, hits: 1, errors: 0 });
        // oxlint-enable no-await-in-loop
      }
    },
  );
});
