import { createHmac } from 'node:crypto';
import session, { type SessionOptions } from 'express-session';
import morgan from 'morgan';
import { inPieces, notStored, each, type Mount, type Row, type RowHandler } from './row.ts';

const secret = 'a secret';

/** Sessions with the ids s1, s2, … */
function sessions(options: Partial<SessionOptions> = {}): ReturnType<typeof session> {
  let count = 0;
  return session({
    secret,
    resave: false,
    saveUninitialized: true,
    name: 'sid',
    genid: () => `s${(count += 1)}`,
    ...options,
  });
}

const signed = (id: string): string =>
  `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;
const withSession = (id: string) => ({ headers: { Cookie: `sid=${encodeURIComponent(signed(id))}` } });
const [first, second] = [withSession('s1'), withSession('s2')];

const inSession =
  (options?: Partial<SessionOptions>) =>
  ({ app, cache, handler }: Mount): unknown =>
    app.use(sessions(options), cache, handler);

const views: RowHandler = (req, res) => {
  const state = req.session as unknown as { views?: number };
  state.views = (state.views ?? 0) + 1;
  res.json({ views: state.views });
};

const logged =
  (format: string) =>
  ({ app, cache, handler, note }: Mount): unknown =>
    app.use(morgan(format, { stream: { write: (line) => note(line.trim()) } }), cache, handler);
const sizes = ':method :url :status :res[content-length] :res[content-type] :res[etag]';

/** Middleware that acts when the head or the end of an answer goes out. */
export const lateActing: readonly Row[] = [
  { title: 'sessions', handler: (_req, res) => res.json({ a: 1 }), mount: inSession() },
  { title: 'sessions, and an empty body', handler: (_req, res) => res.status(204).end(), mount: inSession() },
  {
    title: 'sessions, and a large body',
    handler: (_req, res) => res.type('txt').send('long '.repeat(1_000)),
    mount: inSession(),
    differs: ['vary'],
  },
  {
    title: 'sessions, and pieces',
    handler: (_req, res) => (res.write('one '), res.end('two')),
    mount: inSession(),
    ...inPieces,
  },
  {
    title: 'sessions, and a body of no announced length',
    handler: (_req, res) => res.end('whole'),
    mount: inSession(),
    differs: ['framing'],
  },
  {
    title: 'sessions that are saved once they have something',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: inSession({ saveUninitialized: false }),
  },
  {
    title: 'sessions of two users',
    handler: (req, res) => res.json({ id: req.sessionID }),
    mount: inSession(),
    route: { scope: { cookies: ['sid'] } },
    ...each({ path: '/a' }, { path: '/b' }, first, second, first, second),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'fwd=miss; stored', 'fwd=miss; stored', 'hit', 'hit'],
    runs: 4,
  },
  {
    title: 'sessions that the handler writes to, left out',
    handler: views,
    mount: inSession(),
    route: { skip: () => true },
    ...each({}, first, first),
    says: Array<string>(3).fill('fwd=bypass; detail=skip'),
    runs: 3,
  },
  {
    title: 'rolling sessions',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: inSession({ rolling: true, resave: true }),
    ...each({ path: '/a' }, first, first),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit'],
    runs: 2,
  },
  {
    title: 'sessions behind the cache',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: ({ app, cache, handler }) => app.use(cache, sessions(), handler),
    ...notStored('set-cookie'),
  },
  {
    title: 'a log',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: logged(sizes),
    ...each({}, {}, { path: '/b?c=1' }),
    says: ['fwd=miss; stored', 'hit', 'fwd=miss; stored'],
    runs: 2,
  },
  { title: 'a log of an empty answer', handler: (_req, res) => res.status(204).end(), mount: logged(sizes) },
  { title: 'a log of an empty body', handler: (_req, res) => res.send(''), mount: logged(sizes) },
  {
    title: 'a log of an error',
    handler: (_req, res) => res.status(500).json({ e: 1 }),
    mount: logged(sizes),
    ...notStored('error'),
  },
  {
    title: 'a log of pieces',
    handler: (_req, res) => (res.write('one '), res.end('two')),
    mount: logged(':method :url :status :res[content-length] :res[content-type]'),
    ...inPieces,
  },
  {
    title: 'a log of a head',
    handler: (_req, res) => res.writeHead(201, { 'Content-Type': 'text/plain' }).end('x'),
    mount: logged(sizes),
    ...inPieces,
  },
  {
    title: 'a log of broken answers',
    handler: (_req, res) => void res.write('x', () => res.destroy()),
    mount: logged(':method :url :status'),
    says: ['fwd=miss', 'fwd=miss'],
    runs: 2,
  },
  {
    title: 'a log behind the cache',
    handler: (_req, res) => res.json({ a: 1 }),
    mount: ({ app, cache, handler, see }) =>
      app.use(cache, morgan(sizes, { stream: { write: (line) => see(line) } }), handler),
  },
];
