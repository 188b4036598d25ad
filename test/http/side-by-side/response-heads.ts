import { inPieces, notStored, type Row } from './row.ts';

/** An app that has set no header when the handler runs: Node takes the headers of writeHead another way then. */
const bare: Pick<Row, 'mount'> = {
  mount: ({ app, cache, handler }) => app.disable('x-powered-by').use(cache, handler),
};

const links = ['Content-Type', 'text/plain', 'Link', '</a>', 'Link', '</b>'];

/** How heads are made. */
export const heads: readonly Row[] = [
  { title: 'writeHead alone', handler: (_req, res) => res.writeHead(200).end('x'), ...inPieces },
  {
    title: 'writeHead with an object',
    handler: (_req, res) => res.writeHead(200, { 'Content-Type': 'text/plain', 'X-One': 'a' }).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead with a list of values',
    handler: (_req, res) => res.writeHead(200, { Link: ['</a>', '</b>'] }).end('x'),
    ...inPieces,
  },
  { title: 'writeHead with a flat array', handler: (_req, res) => res.writeHead(200, links).end('x'), ...inPieces },
  { title: 'writeHead with a message', handler: (_req, res) => res.writeHead(200, 'Very Well').end('x'), ...inPieces },
  {
    title: 'writeHead with a message and headers',
    handler: (_req, res) => res.writeHead(200, 'Very Well', { 'X-One': 'a' }).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead with a message and a flat array',
    handler: (_req, res) => res.writeHead(200, 'Very Well', links as never).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead over headers that were set',
    handler: (_req, res) => res.set('X-One', 'a').writeHead(200, { 'x-one': 'b' }).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead with a flat array over headers that were set',
    handler: (_req, res) => res.set('Link', '</x>').writeHead(200, ['link', '</a>', 'Link', '</b>']).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead with a Content-Length',
    handler: (_req, res) => res.writeHead(200, { 'Content-Length': 4 }).end('four'),
    ...inPieces,
  },
  {
    title: 'writeHead with a number as a value',
    handler: (_req, res) => res.writeHead(200, { 'X-Count': 7 }).end('x'),
    ...inPieces,
  },
  {
    title: 'writeHead of 201 over status()',
    handler: (_req, res) => res.status(404).writeHead(201).end('x'),
    ...inPieces,
  },
  { title: 'writeHead of 404', handler: (_req, res) => res.writeHead(404).end('x'), ...notStored('status') },
  {
    title: 'writeHead before pieces',
    handler: (_req, res) => (res.writeHead(200, { 'X-One': 'a' }), res.write('one '), res.end('two')),
    ...inPieces,
  },
  {
    title: 'a first head with an object',
    handler: (_req, res) => res.writeHead(200, { 'X-One': 'a', Link: ['</a>', '</b>'] }).end('x'),
    ...bare,
    ...inPieces,
  },
  {
    title: 'a first head with a flat array',
    handler: (_req, res) => res.writeHead(200, links).end('x'),
    ...bare,
    ...inPieces,
  },
  {
    title: 'a first head with pairs',
    handler: (_req, res) =>
      res
        .writeHead(200, [
          ['X-One', 'a'],
          ['Link', '</a>'],
          ['Link', '</b>'],
        ] as never)
        .end('x'),
    ...bare,
    ...inPieces,
  },
  {
    title: 'a first head with a flat array out of order',
    handler: (_req, res) => res.writeHead(200, ['Link', '</a>', 'X-One', 'a', 'Link', '</b>']).end('x'),
    ...bare,
    ...inPieces,
    differs: ['order'],
  },
  { title: 'a first head with nothing', handler: (_req, res) => res.writeHead(200).end('x'), ...bare, ...inPieces },
  {
    title: 'a first head with headers of one connection',
    handler: (_req, res) => res.writeHead(200, { Connection: 'close', Date: 'then' }).end('x'),
    ...bare,
    ...inPieces,
  },
  { title: 'a status message', handler: (_req, res) => ((res.statusMessage = 'Fine'), res.send('x')) },
  { title: 'an empty status message', handler: (_req, res) => ((res.statusMessage = ''), res.send('x')) },
  {
    title: 'setHeader with a list of values',
    handler: (_req, res) => (res.setHeader('Link', ['</a>; rel=next', '</b>; rel=prev']), res.end('x')),
  },
  { title: 'setHeader with an empty list', handler: (_req, res) => (res.setHeader('Link', []), res.end('x')) },
  { title: 'setHeader with a number', handler: (_req, res) => (res.setHeader('X-Count', 7), res.end('x')) },
  { title: 'setHeader with an empty value', handler: (_req, res) => (res.setHeader('X-None', ''), res.end('x')) },
  {
    title: 'setHeader over a header of Express',
    handler: (_req, res) => (res.setHeader('X-Powered-By', 'me'), res.end('x')),
  },
  {
    title: 'setHeaders of a Map',
    handler: (_req, res) =>
      res
        .setHeaders(
          new Map([
            ['X-One', 'a'],
            ['X-Two', 'b'],
          ]),
        )
        .end('x'),
  },
  { title: 'setHeaders of Headers', handler: (_req, res) => res.setHeaders(new Headers({ 'X-One': 'a' })).end('x') },
  {
    title: 'appendHeader',
    handler: (_req, res) => res.appendHeader('Link', '</a>').appendHeader('Link', ['</b>', '</c>']).end('x'),
  },
  {
    title: 'appendHeader to a header that was set',
    handler: (_req, res) => res.set('Link', '</a>').appendHeader('link', '</b>').end('x'),
  },
  {
    title: 'removeHeader',
    handler: (_req, res) => (res.set({ 'X-One': 'a', 'X-Two': 'b' }), res.removeHeader('x-one'), res.end('x')),
  },
  { title: 'removeHeader of one of Express', handler: (_req, res) => (res.removeHeader('X-Powered-By'), res.end('x')) },
  { title: 'names in unusual case', handler: (_req, res) => (res.setHeader('x-LOUD-name', 'Value'), res.end('x')) },
  {
    title: 'a latin1 value',
    handler: (_req, res) => (res.setHeader('X-City', 'Z\u00fcrich'), res.end(Buffer.from('x'))),
  },
  {
    title: 'a latin1 value before text',
    handler: (_req, res) => (res.setHeader('X-City', 'Z\u00fcrich'), res.end('h\u00e9')),
    differs: ['latin1'],
  },
  { title: 'flushHeaders before end', handler: (_req, res) => (res.flushHeaders(), res.end('x')), ...inPieces },
  {
    title: 'flushHeaders before pieces',
    handler: (_req, res) => (res.flushHeaders(), res.write('one '), res.end('two')),
    ...inPieces,
  },
  {
    title: 'flushHeaders twice and no body',
    handler: (_req, res) => (res.flushHeaders(), res.flushHeaders(), res.end()),
    ...inPieces,
  },
  { title: 'a Date of the handler', handler: (_req, res) => res.set('Date', 'then').send('x') },
  { title: 'no Date', handler: (_req, res) => ((res.sendDate = false), res.send('x')), differs: ['date'] },
  {
    title: 'headers of the connection by the handler',
    handler: (_req, res) => res.set({ Connection: 'close', 'Keep-Alive': 'timeout=9' }).send('x'),
    connections: [[{ headers: { Connection: 'keep-alive' } }], [{}]],
    differs: ['connection'],
  },
  {
    title: 'an announced length before one write',
    handler: (_req, res) => (res.set('Content-Length', '3'), res.write('one'), res.end()),
    ...inPieces,
  },
  {
    title: 'an announced length before pieces',
    handler: (_req, res) => (res.set('Content-Length', '7'), res.write('one '), res.end('two')),
    ...inPieces,
  },
  {
    title: 'an announced encoding',
    handler: (_req, res) => (res.set('Transfer-Encoding', 'chunked'), res.end('x')),
    differs: ['framing'],
  },
  {
    title: 'a length that was removed',
    handler: (_req, res) => (res.removeHeader('Content-Length'), res.end('x')),
    differs: ['framing'],
  },
  {
    title: 'no chunks',
    handler: (_req, res) => ((res.useChunkedEncodingByDefault = false), res.write('one '), res.end('two')),
    ...inPieces,
    differs: ['framing'],
  },
];
