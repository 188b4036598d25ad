import bodyParser from 'body-parser';
import multer from 'multer';
import { behind, each, inFront, type Row, type RowHandler } from './row.ts';

/** Tells the handler's view of the body. */
const echo: RowHandler = (req, res) =>
  res.json({
    type: Buffer.isBuffer(req.body) ? 'bytes' : typeof req.body,
    body: Buffer.isBuffer(req.body) ? req.body.toString('hex') : (req.body as unknown),
  });
const body = (type: string, text: string) => ({ body: text, headers: { 'Content-Type': type } });
const json = (text: string) => body('application/json', text);
const [one, two, three] = [json('{"a":1}'), json('{"a":2}'), json('{ "a": 1 }')];
const form = body('application/x-www-form-urlencoded', 'a=1&b%5Bc%5D=2');
const unkeyable = { says: ['fwd=bypass; detail=unkeyable', 'fwd=bypass; detail=unkeyable'], runs: 2 };

const boundary = 'an-end';
const upload = {
  headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  body: `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nthe file\r\n--${boundary}--\r\n`,
};
const uploaded: RowHandler = (req, res) => {
  const { originalname, buffer } = (req as unknown as { file: { originalname: string; buffer: Buffer } }).file;
  res.json({ originalname, text: buffer.toString() });
};

/** Parsers of bodies. */
export const messageBodies: readonly Row[] = [
  {
    title: 'json()',
    handler: echo,
    mount: inFront(bodyParser.json()),
    ...each(one, two, three),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit'],
    runs: 2,
  },
  {
    title: 'json() of Express',
    handler: echo,
    mount: ({ app, make, cache, handler }) => app.use(make.json(), cache, handler),
    ...each(one, three),
  },
  {
    title: 'json() of a bad body',
    handler: echo,
    mount: inFront(bodyParser.json()),
    ...each(json('{'), json('{')),
    says: [undefined, undefined],
    runs: 0,
  },
  {
    title: 'json() that is not strict',
    handler: echo,
    mount: inFront(bodyParser.json({ strict: false })),
    ...each(json('"a"'), json('["a"]'), json('"a"')),
    says: ['fwd=miss; stored', 'fwd=miss; stored', 'hit'],
    runs: 2,
  },
  {
    title: 'urlencoded()',
    handler: echo,
    mount: inFront(bodyParser.urlencoded({ extended: false })),
    ...each(form, form),
  },
  {
    title: 'urlencoded() of nested fields',
    handler: echo,
    mount: inFront(bodyParser.urlencoded({ extended: true })),
    ...each(form, form),
  },
  {
    title: 'text()',
    handler: echo,
    mount: inFront(bodyParser.text()),
    ...each(body('text/plain', 'a'), body('text/plain', 'a'), body('text/plain', 'b')),
    says: ['fwd=miss; stored', 'hit', 'fwd=miss; stored'],
    runs: 2,
  },
  {
    title: 'raw()',
    handler: echo,
    mount: inFront(bodyParser.raw()),
    ...each(body('application/octet-stream', 'a\u0000'), body('application/octet-stream', 'a\u0000')),
  },
  {
    title: 'all parsers at once',
    handler: echo,
    mount: inFront(bodyParser.json(), bodyParser.urlencoded({ extended: false }), bodyParser.text(), bodyParser.raw()),
    ...each(one, form, body('text/plain', 'a=1'), body('application/octet-stream', 'a=1'), one, form),
    says: [...Array<string>(4).fill('fwd=miss; stored'), 'hit', 'hit'],
    runs: 4,
  },
  {
    title: 'a parser that does not fit',
    handler: echo,
    mount: inFront(bodyParser.json()),
    ...each(form, form),
    ...unkeyable,
  },
  {
    title: 'a parser behind the cache',
    handler: echo,
    mount: behind(bodyParser.json()),
    ...each(one, one),
    ...unkeyable,
  },
  {
    title: 'a body that is too large for its parser',
    handler: echo,
    mount: inFront(bodyParser.json({ limit: 4 })),
    ...each(one, one),
    says: [undefined, undefined],
    runs: 0,
  },
  {
    title: 'multer before the cache',
    handler: uploaded,
    mount: inFront(multer().single('file')),
    ...each(upload, upload),
    ...unkeyable,
  },
  {
    title: 'multer behind the cache',
    handler: uploaded,
    mount: behind(multer().single('file')),
    ...each(upload, upload),
    ...unkeyable,
  },
];
