import { each, inFront, inPieces, until, type Row, type RowHandler } from './row.ts';

const json: RowHandler = (req, res) => res.json({ path: req.path });
const inTwo: RowHandler = (_req, res) => (res.write('one '), res.end('two'));
const later: RowHandler = async (req, res) => {
  await new Promise(setImmediate);
  res.json({ path: req.path });
};
const aborted: RowHandler = (_req, res) => void res.write('x', () => res.destroy());

const byMethod = { says: ['fwd=method', 'fwd=method'], runs: 2 };
const notForHead = { says: ['fwd=miss', 'fwd=miss'], runs: 2 };
const old = { version: '1.0' } as const;
const oldKept = { ...old, headers: { Connection: 'keep-alive' } } as const;
const [a, b] = [{ path: '/a' }, { path: '/b' }];
const posted = { body: 'text', headers: { 'Content-Type': 'text/plain' } };

/** What the connection and the method decide. */
export const connections: readonly Row[] = [
  { title: 'json by HTTP/1.0', handler: json, ...each(old, old) },
  { title: 'pieces by HTTP/1.0', handler: inTwo, ...inPieces, ...each(old, old) },
  {
    title: 'json by HTTP/1.0 that stays',
    handler: json,
    connections: [
      [oldKept, old],
      [oldKept, old],
    ],
    says: ['fwd=miss; stored', 'hit', 'hit', 'hit'],
  },
  { title: 'HTTP/1.0 after HTTP/1.1', handler: json, ...each({}, old) },
  { title: 'pieces by HTTP/1.0 after HTTP/1.1', handler: inTwo, ...inPieces, ...each({}, old) },
  { title: 'pieces by HTTP/1.1 after HTTP/1.0', handler: inTwo, ...inPieces, ...each(old, {}) },
  {
    title: 'a connection that stays',
    handler: json,
    connections: [
      [a, b],
      [a, b],
    ],
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit', 'hit'],
    runs: 2,
  },
  {
    title: 'three equal requests in one segment',
    handler: json,
    connections: [[{}, {}, {}]],
    says: ['fwd=miss; stored', 'hit', 'hit'],
  },
  {
    title: 'three equal requests in one segment, answered later',
    handler: later,
    connections: [[{}, {}, {}]],
    says: ['fwd=miss; stored', 'fwd=miss; collapsed', 'fwd=miss; collapsed'],
  },
  {
    title: 'three requests in one segment, a hit between',
    handler: later,
    connections: [[a], [b, a, b]],
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit', 'fwd=miss; collapsed'],
    runs: 2,
  },
  {
    title: 'pieces in one segment',
    handler: inTwo,
    connections: [[a, b, a]],
    says: ['fwd=miss', 'fwd=miss', 'hit'],
    runs: 2,
  },
  {
    title: 'a stream that is joined in one segment',
    handler: async (_req, res) => {
      res.removeHeader('X-Powered-By');
      res.set('X-One', 'b').append('Link', '</b>').write('one ');
      await new Promise(setImmediate);
      res.end('two');
    },
    mount: inFront((_req, res, next) => (res.set({ 'X-One': 'a', Link: ['</a>'] }), next())),
    connections: [[{}, {}], [{}]],
    says: ['fwd=miss', 'fwd=miss; collapsed', 'hit'],
  },
  {
    title: 'a broken answer before another in one segment',
    handler: aborted,
    connections: [[a, b]],
    says: ['fwd=miss'],
    runs: 2,
  },
  { title: 'HEAD', handler: json, ...each({ method: 'HEAD' }, { method: 'HEAD' }), ...notForHead },
  { title: 'HEAD of pieces', handler: inTwo, ...each({ method: 'HEAD' }, { method: 'HEAD' }), ...notForHead },
  {
    title: 'HEAD of a write and an end with a callback',
    handler: (_req, res, see) => (see(res.write('x', () => see('written'))), res.end('y', () => see('ended'))),
    ...each({ method: 'HEAD' }, { method: 'HEAD' }),
    ...notForHead,
  },
  { title: 'DELETE', handler: json, ...each({ method: 'DELETE' }, { method: 'DELETE' }), ...byMethod },
  {
    title: 'PUT that is destroyed',
    handler: (_req, res) => res.destroy(),
    ...each({ method: 'PUT' }, { method: 'PUT' }),
    says: [],
    runs: 2,
  },
  { title: 'OPTIONS', handler: json, ...each({ method: 'OPTIONS' }, { method: 'OPTIONS' }), ...byMethod },
  { title: 'POST', handler: json, ...each({ method: 'POST' }, { method: 'POST' }) },
  { title: 'QUERY', handler: json, ...each({ method: 'QUERY' }, { method: 'QUERY' }) },
  {
    title: 'a body that nobody reads',
    handler: json,
    ...each(posted, posted),
    says: ['fwd=bypass; detail=unkeyable', 'fwd=bypass; detail=unkeyable'],
    runs: 2,
  },
  {
    title: 'a body that the handler reads',
    handler: async (req, res) => {
      let text = '';
      for await (const chunk of req) text += String(chunk);
      res.send(text);
    },
    ...each(posted, posted),
    says: ['fwd=bypass; detail=unkeyable', 'fwd=bypass; detail=unkeyable'],
    runs: 2,
  },
  {
    title: 'Expect: 100-continue',
    handler: json,
    ...each({ headers: { Expect: '100-continue' } }, { headers: { Expect: '100-continue' } }),
  },
  {
    title: 'a handler that waits for the end of the request',
    handler: async (req, res) => {
      req.resume();
      await until(req, 'end');
      res.end('x');
    },
  },
];
