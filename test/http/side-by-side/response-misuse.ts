import { codeOf, inPieces, notStored, unanswered, until, type Row, type See } from './row.ts';
import type { Response } from 'express';

/** Notes the errors that the response emits. */
function errorsOf(res: Response, see: See): Response {
  return res.on('error', (error: Error & { code?: string }) => see('error', error.code));
}

/** Callbacks, what calls return, and calls that should not be. */
export const misuse: readonly Row[] = [
  {
    title: 'a callback of end',
    handler: (_req, res, see) => void res.end('x', () => see('called', res.writableFinished)),
  },
  {
    title: 'a callback of end with an encoding',
    handler: (_req, res, see) => void res.end('eA==', 'base64', () => see('called')),
  },
  { title: 'end with a callback alone', handler: (_req, res, see) => void res.end(() => see('called')) },
  {
    title: 'a callback of write',
    handler: (_req, res, see) => void res.write('x', (error) => (see('written', error), res.end(() => see('ended')))),
    ...inPieces,
  },
  {
    title: 'a callback of write with an encoding',
    handler: (_req, res, see) => (res.write('eA==', 'base64', () => see('written')), res.end()),
    ...inPieces,
  },
  {
    title: 'callbacks of several writes',
    handler: (_req, res, see) => (
      res.write('a', () => see(1)),
      res.write('b', () => see(2)),
      res.end('c', () => see(3))
    ),
    ...inPieces,
  },
  {
    title: 'a callback of an empty write',
    handler: (_req, res, see) => (res.write('', () => see('written')), res.end('x')),
    ...inPieces,
  },
  {
    title: 'what calls return',
    handler: (_req, res, see) =>
      see(
        res.setHeader('A', 'b') === res,
        res.writeHead(200) === res,
        res.write('x'),
        res.write(''),
        res.end('x') === res,
      ),
    ...inPieces,
  },
  {
    title: 'writeHead without a chain',
    handler: (_req, res, see) => (see(res.flushHeaders()), res.end()),
    ...inPieces,
  },
  { title: 'a second end', handler: (_req, res, see) => (res.end('x'), see(res.end() === res)) },
  {
    title: 'a second end with a body',
    handler: (_req, res, see) => (errorsOf(res, see).end('one'), see(res.end('two') === res)),
  },
  {
    title: 'the callback of a second end',
    handler: (_req, res, see) => (
      res.end('one'),
      void res.end((error?: Error & { code?: string }) => see('called', error?.code))
    ),
  },
  {
    title: 'a second end after the first is done',
    handler: async (_req, res, see) => {
      errorsOf(res, see).end('one');
      await until(res, 'close');
      res.end((error?: Error & { code?: string }) => see('called', error?.code));
    },
  },
  { title: 'a write after end', handler: (_req, res, see) => (errorsOf(res, see).end('one'), see(res.write('two'))) },
  {
    title: 'a write with a callback after end',
    handler: (_req, res, see) => (
      errorsOf(res, see).end('one'),
      see(res.write('two', (error) => see('called', (error as { code?: string } | undefined)?.code)))
    ),
  },
  {
    title: 'a header after the head',
    handler: (_req, res, see) => (
      res.end('x'),
      see(
        codeOf(() => res.setHeader('A', 'b')),
        codeOf(() => res.removeHeader('A')),
        codeOf(() => res.appendHeader('A', 'b')),
      )
    ),
  },
  {
    title: 'json after the head of a stream',
    handler: (_req, res, see) => (res.write('x'), see(codeOf(() => res.json({}))), res.end()),
    ...inPieces,
  },
  {
    title: 'a second head',
    handler: (_req, res, see) => (res.writeHead(200).end('x'), see(codeOf(() => res.writeHead(200)))),
    ...inPieces,
  },
  {
    title: 'a second head before the end',
    handler: (_req, res, see) => (res.writeHead(200), see(codeOf(() => res.writeHead(404))), res.end('x')),
    ...inPieces,
  },
  { title: 'a write of a number', handler: (_req, res, see) => (see(codeOf(() => res.write(7))), res.end('x')) },
  { title: 'a write of null', handler: (_req, res, see) => (see(codeOf(() => res.write(null))), res.end('x')) },
  { title: 'an end with a number', handler: (_req, res, see) => (see(codeOf(() => res.end(7))), res.end('x')) },
  {
    title: 'an end with a number, then pieces',
    handler: (_req, res, see) => (see(codeOf(() => res.end(7))), res.write('a'), res.end('b')),
    ...inPieces,
  },
  {
    title: 'a head with an odd list',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(200, ['A', 'b', 'C']))), res.end('x')),
  },
  {
    title: 'a head with pairs',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(200, [['A', 'b']] as never))), res.end('x')),
  },
  {
    title: 'a head with a bad name',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(200, { 'a b': 'c' }))), res.end('x')),
  },
  {
    title: 'a head with a bad value',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(200, { a: 'b\nc' }))), res.end('x')),
  },
  {
    title: 'a head with undefined as a value',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(200, { a: undefined }))), res.end('x')),
  },
  {
    title: 'a head with a bad status',
    handler: (_req, res, see) => (see(codeOf(() => res.writeHead(42))), res.end('x')),
  },
  {
    title: 'a bad statusCode',
    handler: (_req, res, see) => (
      (res.statusCode = 1000),
      see(codeOf(() => res.end('x'))),
      (res.statusCode = 200),
      res.end('y')
    ),
  },
  {
    title: 'an invalid reason phrase',
    handler: (_req, res) => res.writeHead(200, 'no\r\nway: here'),
    ...notStored('error'),
  },
  {
    title: 'a header that is not valid',
    handler: (_req, res, see) => (
      see(
        codeOf(() => res.setHeader('A', 'b\nc')),
        codeOf(() => res.setHeader('a b', 'c')),
      ),
      res.end('x')
    ),
  },
  {
    title: 'less than was announced',
    handler: (_req, res) => (res.set('Content-Length', '9'), res.end('x')),
    ...notStored('unfinished'),
  },
  {
    title: 'a strict length that is not kept',
    handler: (_req, res, see) => {
      res.strictContentLength = true;
      res.set('Content-Length', '1');
      see(codeOf(() => res.end('xyz')));
      res.destroy();
    },
    ...unanswered,
  },
];
