import compression from 'compression';
import { behind, each, inFront, inPieces, type Row, type RowHandler } from './row.ts';

const accepting = (coding: string) => ({ headers: { 'Accept-Encoding': coding } });
const [gzip, deflate] = [accepting('gzip'), accepting('deflate')];
const large: RowHandler = (_req, res) => res.type('txt').send('long '.repeat(1_000));
const twoPieces: RowHandler = (_req, res) => (res.type('txt'), res.write('long '.repeat(500)), res.end('end'));
const flushed: RowHandler = (_req, res) => {
  res.type('text/event-stream').write('data: a\n\n');
  res.flush();
  res.write('data: [DONE]\n\n');
  res.end();
};

/** The package compression on both sides of the cache. */
export const compressions: readonly Row[] = [
  {
    title: 'compression before the cache',
    handler: large,
    mount: inFront(compression()),
    ...each(gzip, gzip, deflate, {}),
    says: ['fwd=miss; stored', 'hit', 'hit', 'hit'],
  },
  {
    title: 'compression of a small body before the cache',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: inFront(compression({ threshold: 0 })),
    ...each(gzip, gzip, deflate, {}),
    says: ['fwd=miss; stored', 'hit', 'hit', 'hit'],
  },
  {
    title: 'compression before the cache, to brotli',
    handler: large,
    mount: inFront(compression()),
    ...each(accepting('br'), accepting('br')),
    differs: ['coding'],
  },
  {
    title: 'compression of pieces before the cache',
    handler: twoPieces,
    mount: inFront(compression()),
    ...each(gzip, {}),
    ...inPieces,
  },
  {
    title: 'compression of events before the cache',
    handler: flushed,
    mount: inFront(compression()),
    ...each(gzip, gzip),
    ...inPieces,
    differs: ['coding'],
  },
  {
    title: 'compression behind the cache',
    handler: large,
    mount: behind(compression()),
    ...each(gzip, gzip),
    ...inPieces,
  },
  {
    title: 'compression behind the cache, other codings',
    handler: large,
    mount: behind(compression()),
    ...each(gzip, deflate, {}),
    says: ['fwd=miss', 'hit', 'hit'],
    differs: ['coding'],
  },
  {
    title: 'compression of nothing behind the cache',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: behind(compression()),
    ...each(gzip, {}),
    ...inPieces,
  },
  {
    title: 'compression of pieces behind the cache',
    handler: twoPieces,
    mount: behind(compression()),
    ...each(gzip, gzip),
    ...inPieces,
  },
  {
    title: 'compression on both sides',
    handler: large,
    mount: ({ app, cache, handler }) => app.use(compression(), cache, compression(), handler),
    ...each(gzip, gzip),
    ...inPieces,
  },
];
