import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/response/recorder.ts';
import type { RecorderOptions, Recording } from '../../../src/response/recording.ts';
import { listen, type Listening } from '../../support/http.ts';
import { manualClock } from '../../support/manual-clock.ts';

let answer: (res: ServerResponse) => unknown;
let listening: Listening;

beforeAll(async () => {
  listening = await listen((_req, res) => void answer(res));
});

afterAll(() => listening.close());

interface Recorded {
  readonly status: number;
  readonly statusMessage: string;
  readonly body: Buffer;
  readonly recordings: readonly Recording[];
  /** Methods that are not what they were on the response before. */
  readonly leftOver: readonly string[];
}

const METHODS = ['write', 'end', 'writeHead', 'flushHeaders', 'setHeader', 'addTrailers'] as const;

/** What the client got, and what was recorded of it. */
async function recorded(
  handler: (res: ServerResponse, recorder: Recorder) => unknown,
  options: Partial<RecorderOptions> = {},
): Promise<Recorded> {
  const recordings: Recording[] = [];
  let leftOver: string[] = [];
  answer = (res) => {
    const before = METHODS.map((name) => res[name]);
    const recorder = new Recorder(res, {
      maxBytes: 1e6,
      now: () => 0,
      onHead: () => ({}),
      onChunk: () => undefined,
      onEnd: (recording) => recordings.push(recording),
      ...options,
    });
    handler(res, recorder);
    leftOver = METHODS.filter((name, index) => res[name] !== before[index]);
  };
  const [response] = (await once(request(`${listening.url}/`, { agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status = 0, statusMessage = '' } = response;
  return { status, statusMessage, body: Buffer.concat(chunks), recordings, leftOver };
}

type Piece = readonly [chunk: string, encoding: BufferEncoding] | readonly [chunk: Uint8Array];

const text = fc.tuple(
  fc.string({ unit: 'binary' }),
  fc.constantFrom<BufferEncoding>('utf8', 'latin1', 'utf16le', 'ascii'),
);
/** Only well-formed: of others Node itself frames a wrong number of bytes. */
const coded = fc
  .tuple(fc.uint8Array(), fc.constantFrom<BufferEncoding>('hex', 'base64', 'base64url'))
  .map(([bytes, encoding]): Piece => [Buffer.from(bytes).toString(encoding), encoding]);
const piece: fc.Arbitrary<Piece> = fc.oneof(text, coded, fc.tuple(fc.uint8Array()));

function send(res: ServerResponse, name: 'write' | 'end', one: Piece): void {
  Reflect.apply(res[name] as (...args: readonly unknown[]) => unknown, res, one);
}

describe('a recorder', () => {
  it('records just the bytes that the client gets, however they are written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), fc.option(piece), async (pieces, last) => {
        const { body, recordings } = await recorded((res) => {
          for (const one of pieces) send(res, 'write', one);
          if (last === null) res.end();
          else send(res, 'end', last);
        });
        expect(recordings).toHaveLength(1);
        expect(recordings[0]).toMatchObject({ ended: true, tooLarge: false });
        expect(recordings[0]?.body?.equals(body)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nothing of a body over maxBytes, which the client gets all the same', async () => {
    const { body, recordings } = await recorded(
      (res) => {
        res.write('12345');
        res.write('67890');
        res.end('1');
      },
      { maxBytes: 10 },
    );
    expect(body.toString()).toBe('12345678901');
    expect(recordings).toMatchObject([{ ended: true, tooLarge: true }]);
    expect(recordings[0]).not.toHaveProperty('body');
  });

  it('knows the whole body at the head only where it comes with end()', async () => {
    const seen: (string | undefined)[] = [];
    const onHead: RecorderOptions['onHead'] = (_head, body) => {
      seen.push(body?.toString());
      return {};
    };
    await recorded((res) => res.end('whole'), { onHead });
    await recorded((res) => res.end(), { onHead });
    await recorded((res) => (res.write('pieces'), res.end()), { onHead });
    await recorded((res) => res.writeHead(200).end('late'), { onHead });
    expect(seen).toEqual(['whole', '', undefined, undefined]);
  });

  it('records the head as the handler made it, without what was set before', async () => {
    const { recordings } = await recorded((res) => {
      res.statusCode = 201;
      res.statusMessage = 'Fine';
      res.setHeader('X-A', ['1', '2']);
      res.end();
    });
    expect(recordings[0]?.head).toEqual({
      status: 201,
      statusMessage: 'Fine',
      headers: [
        ['X-A', '1'],
        ['X-A', '2'],
      ],
    });
  });

  it.each([['käse', 'latin1'] as const, [Buffer.from('käse', 'latin1')] as const])(
    'keeps a whole body as bytes of its own, in no pool: %j',
    async (...args) => {
      const { body, recordings } = await recorded((res) => Reflect.apply(res.end, res, args));
      const kept = recordings[0]?.body;
      expect([body, kept]).toEqual([Buffer.from('käse', 'latin1'), Buffer.from('käse', 'latin1')]);
      expect(kept?.buffer.byteLength).toBe(4);
    },
  );

  it('takes its methods away from the response when it is over', async () => {
    const { leftOver } = await recorded((res) => (res.write('a'), res.end('b')));
    expect(leftOver).toEqual([]);
  });

  it('leaves the methods of a wrapper that came later', async () => {
    const calls: string[] = [];
    const { body } = await recorded((res) => {
      const { end } = res;
      res.end = ((...args: unknown[]) => {
        calls.push('wrapper');
        return Reflect.apply(end, res, args);
      }) as typeof res.end;
      res.end('x');
      res.end();
    });
    expect([body.toString(), calls]).toEqual(['x', ['wrapper', 'wrapper']]);
  });

  it('that is cut short has no body, and ends only once', async () => {
    const { body, recordings } = await recorded((res, recorder) => {
      res.write('half');
      recorder.cut();
      recorder.cut();
      res.end(' and half');
    });
    expect(body.toString()).toBe('half and half');
    expect(recordings).toMatchObject([{ ended: false, tooLarge: false, head: { status: 200 } }]);
    expect(recordings[0]).not.toHaveProperty('body');
    expect(recordings[0]).not.toHaveProperty('chunks');
  });

  it('keeps the length of each write, and when it came after the head', async () => {
    const clock = manualClock();
    const { recordings } = await recorded(
      (res) => {
        clock.advance(1000);
        res.flushHeaders();
        clock.advance(20.4);
        res.write('é');
        res.write('');
        res.write('abc');
        clock.advance(5);
        res.end('last');
      },
      { now: () => clock.monotonic() },
    );
    expect(recordings[0]?.chunks).toEqual({ lengths: [2, 3, 4], timesMs: [20, 20, 25] });
  });

  it.each([
    ['trailers', true, (res: ServerResponse) => (res.write('a'), res.addTrailers({ 'X-Sum': '1' }), res.end())],
    ['no trailers', false, (res: ServerResponse) => (res.write('a'), res.end())],
  ])('says of %s that they are there: %s', async (_what, hasTrailers, handler) => {
    expect((await recorded(handler)).recordings).toMatchObject([{ ended: true, hasTrailers }]);
  });

  it('keeps no places of a body that came in one piece with end()', async () => {
    const { recordings } = await recorded((res) => res.end('whole'));
    expect(recordings[0]).not.toHaveProperty('chunks');
  });

  it('tells of each chunk of a body in pieces, in a copy of its own', async () => {
    const heard: Buffer[] = [];
    const reused = Buffer.from('one');
    await recorded(
      (res) => {
        res.write(reused);
        reused.write('two');
        res.end(reused);
      },
      { onChunk: (chunk) => heard.push(chunk) },
    );
    expect(heard.map(String)).toEqual(['one', 'two']);
  });

  it('tells once that the head was taken, also where it stands before the body', async () => {
    const said: string[] = [];
    const onHead = (): object => ({ sent: () => said.push('sent') });
    await recorded((res) => (res.write('a'), said.push('wrote'), res.end()), { onHead });
    await recorded((res) => (res.writeHead(200), said.push('headed'), res.end('a')), { onHead });
    expect(said).toEqual(['sent', 'wrote', 'sent', 'headed']);
  });

  it('takes a head back that Node refuses, and never says that it was taken', async () => {
    const said: string[] = [];
    const { status, recordings } = await recorded(
      (res) => {
        expect(() => res.writeHead(200, 'no\r\nway')).toThrow('Invalid character');
        res.writeHead(500, 'Oh').end();
      },
      {
        onHead: ({ status: tried }) => ({
          undo: () => said.push(`undo ${tried}`),
          sent: () => said.push(`sent ${tried}`),
        }),
      },
    );
    expect(said).toEqual(['undo 200', 'sent 500']);
    expect([status, recordings[0]?.head?.status]).toEqual([500, 500]);
  });

  describe('that is muted, since its client has gone', () => {
    /** Runs a handler whose client has gone, on a response that looks open. */
    async function mutedly(handler: (res: ServerResponse, recorder: Recorder) => unknown): Promise<Recording[]> {
      const recordings: Recording[] = [];
      const over = Promise.withResolvers<void>();
      answer = (res) => {
        const recorder = new Recorder(res, {
          maxBytes: 1e6,
          now: () => 0,
          onHead: () => ({}),
          onChunk: () => undefined,
          onEnd: (recording) => recordings.push(recording),
        });
        res.socket?.destroy();
        res.once('close', () => {
          res.destroyed = false;
          recorder.mute();
          over.resolve(Promise.resolve(handler(res, recorder)).then(() => undefined));
        });
      };
      request(`${listening.url}/`, { agent: false })
        .on('error', () => undefined)
        .end();
      await over.promise;
      return recordings;
    }

    it('takes everything at once, and leaves a response that looks sent', async () => {
      const called: string[] = [];
      const recordings = await mutedly((res) => {
        res.setHeader('X-A', 'b');
        const accepted = res.write('a'.repeat(1e5), () => called.push('written'));
        expect([accepted, res.headersSent, res.writableEnded, res.writableLength]).toEqual([true, true, false, 0]);
        expect(() => res.setHeader('X-A', 'c')).toThrow('after they are sent');
        expect(() => res.write(7)).toThrow('must be of type');
        expect(res.end('b', () => called.push('ended'))).toBe(res);
        expect([res.writableEnded, res.writableLength]).toEqual([true, 0]);
      });
      expect(recordings).toMatchObject([{ ended: true, head: { status: 200, headers: [['X-A', 'b']] } }]);
      expect(recordings[0]?.body).toHaveLength(1e5 + 1);
      await expect.poll(() => called).toEqual(['written', 'ended']);
    });

    it('refuses a bad head as Node does, and takes the next one', async () => {
      const recordings = await mutedly((res) => {
        expect(() => res.writeHead(200, 'no\r\nway')).toThrow('Invalid character');
        res.writeHead(500, 'Oh').end('page');
      });
      expect(recordings).toMatchObject([{ ended: true, head: { status: 500, statusMessage: 'Oh' } }]);
    });

    it('lets an error handler find that the head was sent, so that its page is no part of the body', async () => {
      const recordings = await mutedly((res, recorder) => {
        res.write('half');
        if (!res.headersSent) res.end('failed');
        recorder.cut();
      });
      expect(recordings).toMatchObject([{ ended: false }]);
    });
  });

  it('sends what a diverted head is replaced with, and records what the handler goes on to write', async () => {
    const { status, statusMessage, body, recordings } = await recorded(
      (res) => {
        res.writeHead(503, 'Overloaded', { 'X-A': 'b', 'Content-Type': 'text/plain' });
        res.write('handler 1 ');
        res.end('handler 2');
        res.end('handler 3');
      },
      {
        onHead: () => ({
          divert: (outlet) => {
            outlet.flushHeaders();
            outlet.write(Buffer.from('stale 1 '));
            setImmediate(() => outlet.end(Buffer.from('stale 2')));
          },
        }),
      },
    );
    expect([status, statusMessage, body.toString()]).toEqual([503, 'Service Unavailable', 'stale 1 stale 2']);
    expect(recordings).toMatchObject([{ ended: true, head: { status: 503, statusMessage: 'Overloaded' } }]);
    expect(recordings[0]?.body?.toString()).toBe('handler 1 handler 2');
  });

  it('diverts past what wraps the response since', async () => {
    const { body } = await recorded(
      (res) => {
        const { write, end } = res;
        const loud = (chunk: unknown): unknown => (typeof chunk === 'string' ? chunk.toUpperCase() : Buffer.from('!'));
        res.write = ((chunk: unknown) => Reflect.apply(write, res, [loud(chunk)])) as typeof res.write;
        res.end = ((chunk: unknown) => Reflect.apply(end, res, [loud(chunk)])) as typeof res.end;
        res.statusCode = 500;
        res.end('failed');
      },
      { onHead: () => ({ divert: (outlet) => outlet.end(Buffer.from('stale')) }) },
    );
    expect(body.toString()).toBe('stale');
  });
});
