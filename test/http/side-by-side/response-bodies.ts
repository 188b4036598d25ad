import { inPieces, notStored, type Row } from './row.ts';

const bytes = Buffer.from([0, 255, 13, 10, 128]);

/** What Express and Node take as a body. */
export const bodies: readonly Row[] = [
  { title: 'json of an object', handler: (_req, res) => res.json({ answer: 42 }) },
  { title: 'json of an array', handler: (_req, res) => res.json([1, 'two', null]) },
  { title: 'json of null', handler: (_req, res) => res.json(null) },
  { title: 'json of a string', handler: (_req, res) => res.json('héllo') },
  { title: 'json of undefined', handler: (_req, res) => res.json(), ...notStored('no-terminal-event') },
  { title: 'json with a status and a type', handler: (_req, res) => res.status(201).type('a/b+json').json({ id: 1 }) },
  {
    title: 'jsonp',
    handler: (_req, res) => res.jsonp({ id: 1 }),
    connections: [[{ path: '/?callback=f' }], [{ path: '/?callback=f' }]],
  },
  { title: 'jsonp without a callback', handler: (_req, res) => res.jsonp({ id: 1 }) },
  { title: 'send of a string', handler: (_req, res) => res.send('<p>héllo</p>') },
  { title: 'send of an empty string', handler: (_req, res) => res.send('') },
  { title: 'send of a Buffer', handler: (_req, res) => res.send(bytes) },
  { title: 'send of a Buffer with a type', handler: (_req, res) => res.type('png').send(bytes) },
  { title: 'send of a Uint8Array', handler: (_req, res) => res.send(new Uint8Array([1, 2, 3])) },
  { title: 'send of an object', handler: (_req, res) => res.send({ answer: [1, 2] }) },
  { title: 'send of an array', handler: (_req, res) => res.send(['a', 1]) },
  { title: 'send of a boolean', handler: (_req, res) => res.send(true) },
  { title: 'send of null', handler: (_req, res) => res.send(null) },
  { title: 'send of undefined', handler: (_req, res) => res.send(undefined) },
  { title: 'send of nothing', handler: (_req, res) => res.send() },
  { title: 'send of a number in Express 5', only: 5, handler: (_req, res) => res.send(7) },
  { title: 'send of a status in Express 4', only: 4, handler: (_req, res) => res.send(201) },
  { title: 'send of a large body', handler: (_req, res) => res.send('<i>long</i>'.repeat(500)), differs: ['vary'] },
  { title: 'send with a body and 204', handler: (_req, res) => res.status(204).send('none') },
  { title: 'send with a body and 205', handler: (_req, res) => res.status(205).send('none'), ...notStored('status') },
  { title: 'sendStatus', handler: (_req, res) => res.sendStatus(200) },
  { title: 'sendStatus of 404', handler: (_req, res) => res.sendStatus(404), ...notStored('status') },
  { title: 'status 204 without a body', handler: (_req, res) => res.status(204).end() },
  { title: 'status 204 with a body', handler: (_req, res) => res.status(204).end('no body') },
  { title: 'status 503', handler: (_req, res) => res.status(503).json({ error: 'busy' }), ...notStored('error') },
  { title: 'type and send', handler: (_req, res) => res.type('text/csv').send('a,b\n') },
  { title: 'end of a string', handler: (_req, res) => res.end('whole') },
  { title: 'end of a Buffer', handler: (_req, res) => res.end(bytes) },
  { title: 'end of a Uint8Array', handler: (_req, res) => res.end(new Uint8Array([1, 2, 3])) },
  { title: 'end of an empty string', handler: (_req, res) => res.end('') },
  { title: 'end without anything', handler: (_req, res) => res.end() },
  { title: 'end with null', handler: (_req, res) => res.end(null) },
  { title: 'end with an encoding', handler: (_req, res) => res.end('ff00fe', 'hex') },
  { title: 'end in latin1', handler: (_req, res) => res.end('h\u00e9', 'latin1') },
  {
    title: 'end of a large body',
    handler: (_req, res) => res.type('txt').end('long '.repeat(1_000)),
    differs: ['vary'],
  },
  { title: 'write of a string, then end', handler: (_req, res) => (res.write('one'), res.end()), ...inPieces },
  {
    title: 'writes and an end of a chunk',
    handler: (_req, res) => (res.write('one '), res.write(Buffer.from('two ')), res.end('three')),
    ...inPieces,
  },
  {
    title: 'writes in every encoding',
    handler: (_req, res) => {
      res.write('68c3a9', 'hex');
      res.write('aGk=', 'base64');
      res.write('aGk', 'base64url');
      res.write('h\u00e9', 'latin1');
      res.write('h\u00e9', 'utf8');
      res.write('hi', 'utf16le');
      res.write('hi', 'ascii');
      res.end();
    },
    ...inPieces,
  },
  {
    title: 'a write of a Uint8Array',
    handler: (_req, res) => (res.write(new Uint8Array([1, 2, 3])), res.end()),
    ...inPieces,
  },
  { title: 'an empty write before the body', handler: (_req, res) => (res.write(''), res.end('body')), ...inPieces },
  { title: 'an empty write and nothing', handler: (_req, res) => (res.write(''), res.end()), ...inPieces },
  {
    title: 'a write of a buffer that is used again',
    handler: (_req, res) => {
      const chunk = Buffer.from('first');
      res.write(chunk, () => {
        chunk.write('again');
        res.end(chunk);
      });
    },
    ...inPieces,
  },
  {
    title: 'no-store',
    handler: (_req, res) => res.set('Cache-Control', 'no-store').json({}),
    ...notStored('no-store'),
  },
];
