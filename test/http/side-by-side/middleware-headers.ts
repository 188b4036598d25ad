import { createHash } from 'node:crypto';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { behind, each, inFront, type Mount, type Row } from './row.ts';

const origins = cors({ origin: ['https://a.test', 'https://b.test'], credentials: true, exposedHeaders: 'X-One' });
const from = (origin: string) => ({ headers: { Origin: origin } });
const [fromA, fromB, fromC] = [from('https://a.test'), from('https://b.test'), from('https://c.test')];
const preflight = { method: 'OPTIONS', headers: { Origin: 'https://a.test', 'Access-Control-Request-Method': 'POST' } };

/** A nonce of its own for each request. */
function withNonce({ app, cache, handler }: Mount): void {
  let count = 0;
  app.use((_req, res, next) => {
    count += 1;
    res.locals['nonce'] = `nonce-${count}`;
    next();
  });
  const nonce = (_req: unknown, res: unknown): string => `'${(res as { locals: { nonce: string } }).locals.nonce}'`;
  app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", nonce] } } }), cache, handler);
}

const etagOf = (text: string): string =>
  `"${Buffer.byteLength(text).toString(16)}-${createHash('sha1').update(text).digest('base64').slice(0, 27)}"`;
const [strong, weak] = [etagOf('x'), `W/${etagOf('x')}`];
const has = (etag: string) => ({ headers: { 'If-None-Match': etag } });
const etags = (kind: string | boolean): Pick<Row, 'handler' | 'mount' | 'connections' | 'says'> => ({
  handler: (_req, res) => res.send('x'),
  mount: ({ app, cache, handler }) => app.set('etag', kind).use(cache, handler),
  ...each(has(weak), {}, has(weak), has(strong), has('"other"'), has('*')),
  says: ['fwd=miss; stored', 'hit', 'hit', 'hit', 'hit', 'hit'],
});

const forwarded = (protocol: string, host: string) => ({
  headers: { 'X-Forwarded-Proto': protocol, 'X-Forwarded-Host': host },
});

/** What is set before the handler, or by the app's settings. */
export const headers: readonly Row[] = [
  { title: 'helmet', handler: (_req, res) => res.json({}), mount: inFront(helmet() as RequestHandler) },
  { title: 'helmet with a nonce', handler: (_req, res) => res.send('<p>'), mount: withNonce },
  {
    title: 'helmet, and a handler with a policy of its own',
    handler: (_req, res) => res.set('Cross-Origin-Resource-Policy', 'cross-origin').json({}),
    mount: inFront(helmet() as RequestHandler),
  },
  {
    title: 'helmet, and a handler that takes a header off',
    handler: (_req, res) => (res.removeHeader('X-Frame-Options'), res.json({})),
    mount: inFront(helmet() as RequestHandler),
  },
  {
    title: 'helmet, and a handler that says the same',
    handler: (_req, res) => res.set('X-Frame-Options', 'SAMEORIGIN').json({}),
    mount: inFront(helmet() as RequestHandler),
  },
  {
    title: 'helmet behind the cache',
    handler: (_req, res) => res.json({}),
    mount: behind(helmet() as RequestHandler),
  },
  {
    title: 'a list that the handler adds to',
    handler: (_req, res) => res.append('Link', '</b>').append('Link', '</c>').json({}),
    mount: inFront((_req, res, next) => (res.append('Link', '</a>'), next())),
  },
  {
    title: 'a list that the handler makes anew',
    handler: (_req, res) => res.set('Link', ['</b>', '</c>']).json({}),
    mount: inFront((_req, res, next) => (res.set('Link', ['</a>', '</b>']), next())),
  },
  {
    title: 'a Vary that the handler adds to',
    handler: (_req, res) => res.vary('Accept').json({}),
    mount: inFront((_req, res, next) => (res.vary('Origin'), next())),
  },
  {
    title: 'a Cache-Control that the handler overrules',
    handler: (_req, res) => res.set('Cache-Control', 'max-age=60').json({}),
    mount: inFront((_req, res, next) => (res.set('Cache-Control', 'no-store'), next())),
  },
  {
    title: 'a status that was set before',
    handler: (_req, res) => res.json({}),
    mount: inFront((_req, res, next) => (res.status(201), next())),
  },
  {
    title: 'cors of every origin',
    handler: (_req, res) => res.json({}),
    mount: inFront(cors()),
    ...each(fromA, fromB),
  },
  {
    title: 'cors of several origins',
    handler: (_req, res) => res.json({}),
    mount: inFront(origins),
    ...each(fromA, fromB, fromC, {}, fromA),
    says: ['fwd=miss; stored', 'hit', 'hit', 'hit', 'hit'],
  },
  {
    title: 'cors with a preflight',
    handler: (_req, res) => res.json({}),
    mount: inFront(origins),
    ...each(preflight, fromA, preflight, fromB),
    says: [undefined, 'fwd=miss; stored', undefined, 'hit'],
  },
  {
    title: 'cors behind the cache',
    handler: (_req, res) => res.json({}),
    mount: behind(origins),
    ...each(fromA, fromB),
    says: ['fwd=miss; stored', 'fwd=vary-miss; stored'],
    runs: 2,
  },
  {
    title: 'cors behind the cache, Origin keyed',
    handler: (_req, res) => res.json({}),
    mount: behind(origins),
    route: { varyHeaders: ['Origin'] },
    ...each(fromA, fromB, fromA, fromC, fromB),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit', 'fwd=miss; stored', 'hit'],
    runs: 3,
  },
  {
    title: 'x-powered-by off',
    handler: (_req, res) => res.json({}),
    mount: ({ app, cache, handler }) => app.disable('x-powered-by').use(cache, handler),
  },
  { title: 'weak ETags', ...etags('weak') },
  { title: 'strong ETags', ...etags('strong') },
  { title: 'no ETags', ...etags(false) },
  {
    title: 'trust proxy',
    handler: (req, res) => res.json([req.protocol, req.hostname, req.secure]),
    mount: ({ app, cache, handler }) => app.set('trust proxy', true).use(cache, handler),
    ...each(
      forwarded('https', 'a.test'),
      forwarded('http', 'a.test'),
      forwarded('https', 'b.test'),
      forwarded('https', 'a.test'),
    ),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'fwd=miss; stored', 'hit'],
    runs: 3,
  },
  {
    title: 'no trust in a proxy',
    handler: (req, res) => res.json([req.protocol, req.hostname]),
    ...each(forwarded('https', 'a.test'), forwarded('http', 'b.test')),
  },
  {
    title: 'spaces and escapes of JSON',
    handler: (_req, res) => res.json({ a: '<b>' }),
    mount: ({ app, cache, handler }) => app.set('json spaces', 2).set('json escape', true).use(cache, handler),
  },
];
