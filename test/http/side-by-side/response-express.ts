import { readFile } from 'node:fs';
import { join } from 'node:path';
import { codeOf, inPieces, lost, notStored, type Row, type RowHandler } from './row.ts';

const files = join(import.meta.dirname, 'files');
const file = join(files, 'answer.txt');

/** An app with a view engine. */
const withViews: Pick<Row, 'mount'> = {
  mount({ app, cache, handler }) {
    app.engine('tpl', (path, options, done) => {
      const { name } = options as { readonly name: string };
      readFile(path, 'utf8', (error, text) => done(error, error ? undefined : text.replace('{name}', name)));
    });
    app.set('views', files).set('view engine', 'tpl').use(cache, handler);
  },
};

const format: RowHandler = (_req, res) =>
  res.format({
    'text/plain': () => res.send('x'),
    'text/html': () => res.send('<p>x'),
    json: () => res.json({ x: 1 }),
  });

const asking = (headers: Record<string, string>): Pick<Row, 'connections'> => ({
  connections: [[{ headers }], [{ headers }]],
});

/** `says` and `runs` of a request for a part of a file. */
const range = { says: ['fwd=bypass; detail=range', 'fwd=bypass; detail=range'], runs: 2 };

/** What Express adds to the response. */
export const expressForms: readonly Row[] = [
  { title: 'render', handler: (_req, res) => res.render('hello', { name: 'Ann' }), ...withViews },
  {
    title: 'render with a callback',
    handler: (_req, res, see) =>
      res.render('hello', { name: 'Bob' }, (error, html) => (see(error), res.status(201).send(html))),
    ...withViews,
  },
  {
    title: 'render with locals',
    handler: (_req, res) => ((res.locals['name'] = 'Cat'), res.render('hello')),
    ...withViews,
  },
  { title: 'render of no view', handler: (_req, res) => res.render('none'), ...withViews, ...notStored('error') },
  { title: 'format by Accept', handler: format, ...asking({ Accept: 'text/html' }) },
  { title: 'format without Accept', handler: format },
  { title: 'format of nothing acceptable', handler: format, ...asking({ Accept: 'image/png' }), ...notStored('error') },
  { title: 'vary', handler: (_req, res) => res.vary('Accept').vary('Accept-Language').json({}) },
  {
    title: 'vary on what is not keyed',
    handler: (_req, res) => res.vary('User-Agent').json({}),
    runs: 1,
  },
  { title: 'attachment', handler: (_req, res) => res.attachment('a b.txt').send('x') },
  { title: 'links', handler: (_req, res) => res.links({ next: '/2', last: '/9' }).links({ prev: '/0' }).json({}) },
  { title: 'location', handler: (_req, res) => res.status(201).location('/answers/1').json({ id: 1 }) },
  { title: 'append', handler: (_req, res) => res.append('Link', '</a>').append('link', ['</b>', '</c>']).end('x') },
  {
    title: 'append to Vary',
    handler: (_req, res) => res.append('Vary', 'Accept').append('Vary', 'Accept-Language').send('x'),
    differs: ['vary'],
  },
  {
    title: 'header and get',
    handler: (_req, res, see) => (res.header({ 'X-One': 'a', 'X-Two': 'b' }), see(res.get('x-one')), res.send('x')),
  },
  { title: 'locals', handler: (_req, res) => ((res.locals['user'] = 'Ann'), res.send('x')) },
  {
    title: 'cookie',
    handler: (_req, res) => res.cookie('a', 'b', { httpOnly: true }).json({}),
    ...notStored('set-cookie'),
  },
  { title: 'clearCookie', handler: (_req, res) => res.clearCookie('a').json({}), ...notStored('set-cookie') },
  { title: 'redirect', handler: (_req, res) => res.redirect('/elsewhere'), ...notStored('status') },
  {
    title: 'redirect with a status and a page',
    handler: (_req, res) => res.redirect(301, '/elsewhere'),
    ...notStored('status'),
    ...asking({ Accept: 'text/html' }),
  },
  {
    title: 'json after json',
    handler: (_req, res, see) => (res.json({ a: 1 }), see(codeOf(() => res.json({ b: 2 })))),
  },
  {
    title: 'sendFile',
    handler: (_req, res) => res.sendFile(file),
    says: ['fwd=miss', 'fwd=stale; fwd-status=304; stored'],
    runs: 2,
  },
  { title: 'sendFile with maxAge', handler: (_req, res) => res.sendFile(file, { maxAge: '1h' }), ...inPieces },
  {
    title: 'sendFile without cacheControl',
    handler: (_req, res) => res.sendFile(file, { cacheControl: false }),
    ...inPieces,
  },
  {
    title: 'sendFile from a root with a callback',
    handler: (_req, res, see) =>
      res.sendFile('answer.txt', { root: files, cacheControl: false, headers: { 'X-One': 'a' } }, (error) =>
        see('sent', error),
      ),
    ...inPieces,
  },
  {
    title: 'sendFile of a part',
    handler: (_req, res) => res.sendFile(file, { maxAge: '1h' }),
    ...asking({ Range: 'bytes=3-8' }),
    ...range,
  },
  {
    title: 'sendFile of a part beyond its end',
    handler: (_req, res) => res.sendFile(file),
    ...asking({ Range: 'bytes=900-' }),
    ...range,
  },
  {
    title: 'sendFile of no file',
    handler: (_req, res) => res.sendFile(join(files, 'none.txt')),
    ...notStored('error'),
  },
  {
    title: 'sendFile of no file with a callback',
    handler: (_req, res, see) =>
      res.sendFile(
        join(files, 'none.txt'),
        (error) => (see((error as { code?: string }).code), res.status(404).send('none')),
      ),
    ...notStored('status'),
  },
  { title: 'download', handler: (_req, res) => res.download(file, 'an answer.txt', { maxAge: '1h' }), ...inPieces },
  {
    title: 'download of no file',
    handler: (_req, res) => res.download(join(files, 'none.txt')),
    ...notStored('error'),
  },
  {
    title: 'sendFile after the head',
    handler: (_req, res, see, next) => (
      res.write('x'),
      res.sendFile(file, { maxAge: '1h' }, (error) => (see('told', error === undefined), next(error)))
    ),
    ...lost,
  },
];
