import { join } from 'node:path';
import type { ErrorRequestHandler } from 'express';
import { each, inPieces, notStored, type Mount, type Row, type RowHandler } from './row.ts';

const files = join(import.meta.dirname, 'files');
const where: RowHandler = (req, res) => res.json({ path: req.path });

const asPage: ErrorRequestHandler = (error: Error, _req, res, _next) =>
  void res.status(404).json({ error: error.message });
const asAnswer: ErrorRequestHandler = (error: Error, _req, res, _next) => void res.json({ instead: error.message });
const boom = (): never => {
  throw new Error('boom');
};

const served =
  (options: object) =>
  ({ app, make, cache }: Mount): unknown =>
    app.use(cache, make.static(files, options));
const file = { path: '/answer.txt' };

/** Error middleware, and files that no handler serves. */
export const errorsAndFiles: readonly Row[] = [
  {
    title: 'error middleware',
    handler: boom,
    mount: ({ app, cache, handler }) => app.use(cache, handler).use(asPage),
    ...notStored('status'),
  },
  {
    title: 'error middleware that answers well',
    handler: boom,
    mount: ({ app, cache, handler }) => app.use(cache, handler).use(asAnswer),
  },
  {
    title: 'error middleware that passes on',
    handler: boom,
    mount: ({ app, cache, handler }) =>
      app
        .use(cache, handler)
        .use(((error, _req, _res, next) => next(error)) satisfies ErrorRequestHandler)
        .use(asPage),
    ...notStored('status'),
  },
  {
    title: 'error middleware in a sub-app',
    handler: boom,
    mount: ({ app, make, cache, handler }) => app.use(cache, make().use(handler).use(asPage)),
    ...notStored('status'),
  },
  {
    title: 'an error before the cache',
    handler: where,
    mount: ({ app, cache, handler }) =>
      app
        .use((_req, _res, next) => next(new Error('closed')))
        .use(cache, handler)
        .use(asPage),
    says: [undefined, undefined],
    runs: 0,
  },
  {
    title: 'static files',
    handler: where,
    mount: served({}),
    ...each(file, file),
    says: ['fwd=miss', 'fwd=stale; fwd-status=304; stored'],
    runs: 0,
  },
  {
    title: 'static files with a lifetime',
    handler: where,
    mount: served({ maxAge: '1h' }),
    ...each(file, file),
    ...inPieces,
    runs: 0,
  },
  {
    title: 'static files that are immutable, without dates and ETags',
    handler: where,
    mount: served({ maxAge: '1h', immutable: true, etag: false, lastModified: false }),
    ...each(file, file),
    ...inPieces,
    runs: 0,
  },
  {
    title: 'a part of a static file',
    handler: where,
    mount: served({ maxAge: '1h' }),
    ...each(file, { ...file, headers: { Range: 'bytes=0-1' } }),
    says: ['fwd=miss', 'hit'],
    runs: 0,
  },
  {
    title: 'no static file',
    handler: where,
    mount: served({}),
    ...each({ path: '/none' }, { path: '/none' }),
    ...notStored('status'),
    runs: 0,
  },
  {
    title: 'a directory of static files',
    handler: where,
    mount: ({ app, make, cache }) => app.use('/files', cache, make.static(files)),
    ...each({ path: '/files' }, { path: '/files' }),
    ...notStored('status'),
    runs: 0,
  },
];
