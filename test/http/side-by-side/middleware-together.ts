import compression from 'compression';
import cors from 'cors';
import type { RequestHandler } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import morgan from 'morgan';
import { inPieces, each, type Mount, type Row, type RowHandler } from './row.ts';

const json: RowHandler = (_req, res) => res.json({ text: 'long '.repeat(100) });
const pieces: RowHandler = (_req, res) => (res.type('txt'), res.write('long '.repeat(100)), res.end('end'));

function numbered(): ReturnType<typeof session> {
  let count = 0;
  return session({ secret: 'a secret', resave: false, saveUninitialized: true, genid: () => `s${(count += 1)}` });
}

const log = ({ note }: Mount): RequestHandler =>
  morgan(':method :url :status :res[content-length] :res[content-encoding]', {
    stream: { write: (line) => note(line.trim()) },
  });
const gzip = (path = '/') => ({ path, headers: { 'Accept-Encoding': 'gzip', Origin: 'https://a.test' } });
const plain = (path = '/') => ({ path, headers: { Origin: 'https://b.test' } });

type Stack = (mount: Mount) => readonly RequestHandler[];
const stacks: Readonly<Record<string, Stack>> = {
  'helmet and cors': () => [helmet() as RequestHandler, cors({ origin: true })],
  'helmet, cors and compression': () => [
    helmet() as RequestHandler,
    cors({ origin: true }),
    compression({ threshold: 0 }),
  ],
  'a log and compression': (mount) => [log(mount), compression({ threshold: 0 })],
  'compression and a log': (mount) => [compression({ threshold: 0 }), log(mount)],
  'a log, sessions and helmet': (mount) => [log(mount), numbered(), helmet() as RequestHandler],
  'sessions and compression': () => [numbered(), compression({ threshold: 0 })],
  'compression and sessions': () => [compression({ threshold: 0 }), numbered()],
  'a log, compression and sessions': (mount) => [log(mount), compression({ threshold: 0 }), numbered()],
};

const says = ['fwd=miss; stored', 'hit', 'hit', 'fwd=miss; stored', 'hit'];

/** Two or three of them at once, by clients of other codings and origins, on connections that stay. */
export const together: readonly Row[] = Object.entries(stacks).flatMap(([title, stack]): Row[] => {
  const mount = (site: Mount): unknown => site.app.use(...stack(site), site.cache, site.handler);
  return [
    {
      title: `${title}, json`,
      handler: json,
      mount,
      ...each(gzip(), gzip(), plain(), plain('/b'), gzip('/b')),
      says,
      runs: 2,
    },
    { title: `${title}, pieces`, handler: pieces, mount, ...each(gzip(), plain()), ...inPieces },
    {
      title: `${title}, one connection`,
      handler: json,
      mount,
      connections: [[gzip(), plain(), gzip('/b'), gzip()]],
      says: ['fwd=miss; stored', 'hit', 'fwd=miss; stored', 'hit'],
      runs: 2,
    },
  ];
});
