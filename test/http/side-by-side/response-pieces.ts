import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { oneByOne } from '../../support/one-by-one.ts';
import { inPieces, lost, until, type Row } from './row.ts';

const file = join(import.meta.dirname, 'files', 'answer.txt');
const three = (): Readable => Readable.from(['one ', Buffer.from('two'), ' three']);

/** Each in a turn of the event loop of its own. */
const inTurns = (texts: readonly string[], work: (text: string) => unknown): Promise<void> =>
  oneByOne(texts.length, (index) => {
    work(texts[index] as string);
    return new Promise(setImmediate);
  });

/** Bodies that come one after the other, and back-pressure. */
export const pieces: readonly Row[] = [
  { title: 'pipe of a Readable', handler: (_req, res) => three().pipe(res), ...inPieces },
  { title: 'pipe of an empty Readable', handler: (_req, res) => Readable.from([]).pipe(res) },
  { title: 'pipe of a file', handler: (_req, res) => createReadStream(file).pipe(res.type('text/plain')), ...inPieces },
  {
    title: 'pipe through a Transform',
    handler: (_req, res) =>
      three()
        .pipe(new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) }))
        .pipe(res),
    ...inPieces,
  },
  {
    title: 'pipe that does not end',
    handler: async (_req, res) => {
      const source = three();
      source.pipe(res, { end: false });
      await until(source, 'end');
      res.end(' four');
    },
    ...inPieces,
  },
  {
    title: 'pipe and unpipe',
    handler: (_req, res, see) => {
      const source = new PassThrough();
      res.on('pipe', (from) => see('piped', from === source)).on('unpipe', (from) => see('unpiped', from === source));
      source.pipe(res);
      source.write('one ');
      setImmediate(() => {
        source.unpipe(res);
        res.end('two');
      });
    },
    ...inPieces,
  },
  {
    title: 'pipeline',
    handler: async (_req, res, see) => see('done', await pipeline(three(), res.type('text/plain'))),
    ...inPieces,
  },
  {
    title: 'pipeline that does not end',
    handler: async (_req, res) => {
      await pipeline(three(), res, { end: false });
      res.end('!');
    },
    ...inPieces,
  },
  {
    title: 'pipeline through gzip',
    handler: (_req, res) => pipeline(three(), createGzip(), res.set('Content-Encoding', 'gzip')),
    ...inPieces,
    connections: [[{ headers: { 'Accept-Encoding': 'gzip' } }], [{ headers: { 'Accept-Encoding': 'gzip' } }]],
    differs: ['vary'],
  },
  {
    title: 'pipeline of a source that fails',
    handler: async (_req, res, see) => {
      const source = new PassThrough();
      source.write('one ', () => setImmediate(() => source.destroy(new Error('broken'))));
      await pipeline(source, res).catch((error: Error) => see(error.message));
    },
    ...lost,
  },
  {
    title: 'a web stream',
    handler: (_req, res) => Readable.fromWeb(new Blob(['one ', 'two']).stream()).pipe(res),
    ...inPieces,
  },
  {
    title: 'a web stream to the response as one',
    handler: (_req, res) => new Blob(['one ', 'two']).stream().pipeTo(Writable.toWeb(res)),
    ...inPieces,
  },
  {
    title: 'cork and uncork',
    handler: (_req, res) => (res.cork(), res.write('one '), res.write('two'), res.uncork(), res.end()),
    ...inPieces,
  },
  {
    title: 'what write returns, and drain',
    handler: async (_req, res, see) => {
      const large = Buffer.alloc(300_000, 'x');
      res.type('png');
      see(res.write('small'), res.writableNeedDrain, res.write(large), res.writableNeedDrain, res.writableLength > 0);
      await until(res, 'drain');
      see('drained', res.writableNeedDrain);
      res.end('end');
    },
    ...inPieces,
  },
  {
    title: 'many writes in one turn',
    handler: (_req, res) => {
      for (let index = 0; index < 500; index += 1) res.write(`line ${index}\n`);
      res.end();
    },
    differs: ['vary'],
    ...inPieces,
  },
  {
    title: 'writes over several turns',
    handler: async (_req, res) => {
      await inTurns(['one ', 'two ', 'three'], (text) => res.write(text));
      res.end();
    },
    ...inPieces,
  },
  {
    title: 'events with flushHeaders',
    handler: async (_req, res) => {
      res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).flushHeaders();
      await inTurns(['a', 'b', '[DONE]'], (text) => res.write(`data: ${text}\n\n`));
      res.end();
    },
    ...inPieces,
  },
  {
    title: 'trailers',
    handler: (_req, res) => {
      res.set('Trailer', 'X-Sum').write('x');
      res.addTrailers({ 'X-Sum': '1' });
      res.end();
    },
    says: ['fwd=miss; detail=trailer', 'fwd=miss; detail=trailer'],
    runs: 2,
  },
  {
    title: 'trailers that were not announced',
    handler: (_req, res) => {
      res.write('x');
      res.addTrailers([['X-Sum', '1']]);
      res.end();
    },
    ...lost,
  },
  {
    title: 'early hints',
    handler: (_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => res.send('x'));
    },
    differs: ['interim'],
  },
  {
    title: 'writeProcessing and writeContinue',
    handler: (_req, res) => {
      res.writeProcessing();
      res.writeContinue();
      res.send('x');
    },
    differs: ['interim'],
  },
];
