import { codeOf, inPieces, lost, notStored, unanswered, until, type Row } from './row.ts';

const boom = (): never => {
  throw new Error('boom');
};

/** Ways in which a handler does not come to its end. */
export const failures: readonly Row[] = [
  { title: 'a throw', handler: boom, ...notStored('error') },
  {
    title: 'a throw after status and headers',
    handler: (_req, res) => (res.status(201).set('X-One', 'a'), boom()),
    ...notStored('error'),
  },
  { title: 'a throw after a write', handler: (_req, res) => (res.write('x'), boom()), ...lost },
  { title: 'a throw after flushHeaders', handler: (_req, res) => (res.flushHeaders(), boom()), ...lost },
  { title: 'a throw after end', handler: (_req, res) => (res.end('x'), boom()) },
  { title: 'a rejection', only: 5, handler: () => Promise.reject(new Error('boom')), ...notStored('error') },
  {
    title: 'a rejection after a pause',
    only: 5,
    handler: async () => {
      await new Promise(setImmediate);
      boom();
    },
    ...notStored('error'),
  },
  {
    title: 'a rejection after a write',
    only: 5,
    handler: async (_req, res) => {
      res.write('x');
      await new Promise(setImmediate);
      boom();
    },
    ...lost,
  },
  { title: 'a rejection with nothing', only: 5, handler: () => Promise.reject(), ...notStored('error') },
  { title: 'next of an error', handler: (_req, _res, _see, next) => next(new Error('boom')), ...notStored('error') },
  {
    title: 'next of an error later',
    handler: (_req, _res, _see, next) => void setImmediate(() => next(new Error('boom'))),
    ...notStored('error'),
  },
  {
    title: 'next of an error after a write',
    handler: (_req, res, _see, next) => (res.write('x'), next(new Error('boom'))),
    ...lost,
  },
  {
    title: 'next of an error after a write, later',
    handler: (_req, res, _see, next) => void res.write('x', () => next(new Error('boom'))),
    ...lost,
  },
  {
    title: 'next of an error after an announced length',
    handler: (_req, res, _see, next) => (res.set('Content-Length', '9').write('x'), next(new Error('boom'))),
    ...lost,
  },
  { title: 'next of an error after end', handler: (_req, res, _see, next) => (res.end('x'), next(new Error('boom'))) },
  { title: 'next without a handler behind', handler: (_req, _res, _see, next) => next(), ...notStored('status') },
  { title: 'next of a word', handler: (_req, _res, _see, next) => next('router'), ...notStored('status') },
  { title: 'destroy before the head', handler: (_req, res) => res.destroy(), ...unanswered },
  {
    title: 'destroy with an error before the head',
    handler: (_req, res, see) => (res.on('error', (error) => see(error.message)), res.destroy(new Error('boom'))),
    ...unanswered,
  },
  {
    title: 'destroy after headers were set',
    handler: (_req, res) => (res.set('X-One', 'a').status(201), res.destroy()),
    ...unanswered,
  },
  { title: 'destroy after a write', handler: (_req, res) => void res.write('x', () => res.destroy()), ...lost },
  { title: 'destroy after end', handler: (_req, res) => void res.end('x', () => res.destroy()) },
  {
    title: 'destroy, then writes',
    handler: async (_req, res, see) => {
      res.on('error', (error: Error & { code?: string }) => see('error', error.code));
      res.write('one', () => res.destroy());
      await until(res, 'close');
      see(
        res.write('two', (error) => see('called', (error as { code?: string } | undefined)?.code)),
        res.end('three') === res,
      );
    },
    ...lost,
  },
  { title: 'destroy of the socket', handler: (req) => req.socket.destroy(), ...unanswered },
  { title: 'destroy of the request', handler: (req) => req.destroy(), ...unanswered },
  {
    title: 'setTimeout that answers',
    handler: (_req, res, see) => res.setTimeout(1, () => (see('late'), res.status(503).send('late'))),
    ...notStored('error'),
  },
  { title: 'setTimeout that answers well', handler: (_req, res) => res.setTimeout(1, () => res.send('late')) },
  {
    title: 'setTimeout with an event',
    handler: (_req, res, see) => (
      res.on('timeout', () => (see('timeout'), res.end('late'))),
      see(res.setTimeout(1) === res)
    ),
  },
  { title: 'setTimeout that nobody hears', handler: (_req, res) => res.setTimeout(1), ...unanswered },
  { title: 'an error that was handled', handler: (_req, res, see) => (see(codeOf(boom)), res.json({})) },
  {
    title: 'finish and close told once',
    handler: (_req, res, see) => {
      let times = 0;
      res.once('finish', () => see('finish', (times += 1))).once('close', () => see('close', (times += 1)));
      res.write('x');
      res.end();
    },
    ...inPieces,
  },
  {
    title: 'the events of the request',
    handler: (req, res, see) => {
      for (const event of ['end', 'close', 'aborted', 'error'])
        req.on(event, () => see(`request ${event}`, req.complete, req.destroyed, req.aborted));
      req.resume();
      res.end('x');
    },
  },
  {
    title: 'the response as it begins',
    handler: (_req, res, see) => {
      see(
        res.headersSent,
        res.writableEnded,
        res.writable,
        res.writableLength,
        res.writableHighWaterMark,
        res.writableObjectMode,
      );
      see(
        res.getHeaderNames(),
        res.hasHeader('x-powered-by'),
        res.statusCode,
        res.statusMessage,
        res.socket === res.connection,
        res.req.res === res,
      );
      res.end('x');
    },
  },
];
