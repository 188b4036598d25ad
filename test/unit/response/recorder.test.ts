import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordResponse, type RecorderOptions, type Recording } from '../../../src/response/recorder.ts';
import { listen, type Listening } from '../../support/http.ts';

let answer: (res: ServerResponse) => unknown;
let listening: Listening;

beforeAll(async () => {
  listening = await listen((_req, res) => void answer(res));
});

afterAll(() => listening.close());

/** What the client got, and what was recorded of it. */
async function recorded(
  handler: (res: ServerResponse) => unknown,
  options: Partial<RecorderOptions> = {},
): Promise<{ body: Buffer; recordings: Recording[]; leftOver: string[] }> {
  const recordings: Recording[] = [];
  let leftOver: string[] = [];
  answer = (res) => {
    const before = Object.keys(res);
    recordResponse(res, {
      maxBytes: 1e6,
      onHead: () => undefined,
      onEnd: (recording) => recordings.push(recording),
      ...options,
    });
    handler(res);
    leftOver = Object.keys(res).filter((name) => !before.includes(name));
  };
  const [response] = (await once(request(`${listening.url}/`, { agent: false }).end(), 'response')) as [
    IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { body: Buffer.concat(chunks), recordings, leftOver };
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

describe('recordResponse', () => {
  it('records just the bytes that the client gets, however they are written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), fc.option(piece), async (pieces, last) => {
        const { body, recordings } = await recorded((res) => {
          for (const one of pieces) send(res, 'write', one);
          if (last === null) res.end();
          else send(res, 'end', last);
        });
        expect(recordings).toHaveLength(1);
        expect(recordings[0]).toMatchObject({ ended: true, tooLarge: false, bytes: body.length });
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
    expect(recordings).toMatchObject([{ ended: true, tooLarge: true, bytes: 11 }]);
    expect(recordings[0]).not.toHaveProperty('body');
  });

  it('knows the whole body at the head only where it comes with end()', async () => {
    const seen: (string | undefined)[] = [];
    const onHead: RecorderOptions['onHead'] = (_head, body) => {
      seen.push(body?.toString());
      return undefined;
    };
    await recorded((res) => res.end('whole'), { onHead });
    await recorded((res) => res.end(), { onHead });
    await recorded((res) => (res.write('pieces'), res.end()), { onHead });
    await recorded((res) => res.writeHead(200).end('late'), { onHead });
    expect(seen).toEqual(['whole', '', undefined, undefined]);
  });

  it('tells whether the head was flushed before there was a body', async () => {
    const flushed: boolean[] = [];
    const onHead: RecorderOptions['onHead'] = (head) => (flushed.push(head.flushed), undefined);
    await recorded((res) => (res.flushHeaders(), res.end('x')), { onHead });
    await recorded((res) => (res.write('x'), res.flushHeaders(), res.end()), { onHead });
    expect(flushed).toEqual([true, false]);
  });

  it('records the head as the handler made it, without what was set before', async () => {
    answer = () => undefined;
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
      flushed: false,
    });
  });

  it('takes its methods away from the response when it is over', async () => {
    const { leftOver } = await recorded((res) => (res.write('a'), res.end('b')));
    expect(leftOver.filter((name) => ['write', 'end', 'writeHead', 'flushHeaders'].includes(name))).toEqual([]);
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

  it('cut short has what came so far as bytes, not as a body, and only once', async () => {
    const recordings: Recording[] = [];
    answer = (res) => {
      const cut = recordResponse(res, {
        maxBytes: 100,
        onHead: () => undefined,
        onEnd: (recording) => recordings.push(recording),
      });
      res.write('half');
      cut();
      cut();
      res.end('rest');
    };
    const [response] = (await once(request(`${listening.url}/`, { agent: false }).end(), 'response')) as [
      IncomingMessage,
    ];
    await once(response.resume(), 'end');
    expect(recordings).toMatchObject([{ ended: false, tooLarge: false, bytes: 4 }]);
    expect(recordings[0]).not.toHaveProperty('body');
  });
});
