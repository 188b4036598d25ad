import { each, notStored, type Mount, type Row, type RowHandler } from './row.ts';

const where: RowHandler = (req, res) => res.json({ base: req.baseUrl, path: req.path, params: { ...req.params } });
const [a, b] = [{ path: '/x/y/a' }, { path: '/x/y/b' }];
const twice = each(a, b, a);
const apart = { says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit'], runs: 2 };

function withParam(side: 'outside' | 'inside') {
  return ({ app, make, cache, handler, note, see }: Mount): void => {
    const router = make.Router();
    router.param('id', (req, _res, next, id) => {
      (side === 'outside' ? note : see)('param', id);
      Object.assign(req.params, { loaded: `user ${String(id)}` });
      next();
    });
    if (side === 'outside') router.get('/:id', cache, handler);
    else router.get('/:id', handler);
    if (side === 'outside') app.use('/x/y', router);
    else app.use('/x/y', cache, router);
  };
}

/** Where the cache stands. */
export const mounts: readonly Row[] = [
  {
    title: 'a route',
    handler: where,
    mount: ({ app, cache, handler }) => app.get('/x/y/:id', cache, handler),
    ...twice,
    ...apart,
  },
  {
    title: 'a router',
    handler: where,
    mount: ({ app, make, cache, handler }) => app.use('/x', make.Router().use('/y', cache, handler)),
    ...twice,
    ...apart,
  },
  {
    title: 'nested routers, the cache outermost',
    handler: where,
    mount: ({ app, make, cache, handler }) =>
      app.use(cache, make.Router().use('/x', make.Router().get('/y/:id', handler))),
    ...twice,
    ...apart,
  },
  {
    title: 'nested routers, the cache innermost',
    handler: where,
    mount: ({ app, make, cache, handler }) =>
      app.use('/x', make.Router().use('/y', make.Router().get('/:id', cache, handler))),
    ...twice,
    ...apart,
  },
  {
    title: 'a router of merged parameters',
    handler: where,
    mount: ({ app, make, cache, handler }) =>
      app.use('/x/:who', make.Router({ mergeParams: true }).get('/:id', cache, handler)),
    ...twice,
    ...apart,
  },
  {
    title: 'two mounts of one cache on the way',
    handler: where,
    mount: ({ app, cache, handler }) => app.use(cache).use('/x', cache, handler),
    ...twice,
    ...apart,
  },
  {
    title: 'two mounts of one cache side by side',
    handler: where,
    mount: ({ app, cache, handler }) => app.use('/x/y/a', cache, handler).use('/x/y/b', cache, handler),
    ...twice,
    ...apart,
  },
  {
    title: 'a sub-app in front of which the cache is',
    handler: where,
    mount: ({ app, make, cache, handler }) => app.use('/x', cache, make().get('/y/:id', handler)),
    ...twice,
    ...apart,
  },
  {
    title: 'a sub-app in which the cache is',
    handler: where,
    mount: ({ app, make, cache, handler }) => app.use('/x', make().set('etag', 'strong').get('/y/:id', cache, handler)),
    ...twice,
    ...apart,
  },
  {
    title: 'a sub-app with settings of its own',
    handler: where,
    mount: ({ app, make, cache, handler }) =>
      app.use('/x', cache, make().disable('x-powered-by').set('json spaces', 2).use(handler)),
    ...twice,
    ...apart,
  },
  {
    title: 'a sub-app in a sub-app',
    handler: where,
    mount: ({ app, make, cache, handler }) => app.use('/x', make().use(cache).use('/y', make().get('/:id', handler))),
    ...twice,
    ...apart,
  },
  {
    title: 'route() and all()',
    handler: where,
    mount: ({ app, cache, handler }) => app.route('/x/y/:id').all(cache).get(handler),
    ...twice,
    ...apart,
  },
  { title: 'param before the cache', handler: where, mount: withParam('outside'), ...twice, ...apart },
  { title: 'param behind the cache', handler: where, mount: withParam('inside'), ...twice, ...apart },
  {
    title: 'a handler that passes on',
    handler: where,
    mount: ({ app, cache, handler }) =>
      app.use(cache, (_req, res, next) => (res.set('X-One', 'a'), next())).use('/x', handler),
    ...twice,
    ...apart,
  },
  {
    title: 'a rewritten URL',
    handler: where,
    mount: ({ app, cache, handler }) =>
      app.use((req, _res, next) => ((req.url = req.url.replace('/x', '')), next())).use(cache, handler),
    ...twice,
    ...apart,
  },
  {
    title: 'nothing behind the cache',
    handler: where,
    mount: ({ app, cache }) => app.use(cache),
    ...notStored('status'),
    runs: 0,
  },
];
