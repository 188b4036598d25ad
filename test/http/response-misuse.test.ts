import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { askRaw } from '../support/ask.ts';
import { cachedSite, serve } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { wireOf } from './wire.ts';

/** What a handler saw: a test compares it with what it sees without the cache. */
type Log = unknown[];

type Handler = (req: Request, res: Response, log: Log) => unknown;

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return 'no error';
  } catch (error) {
    return (error as { code?: unknown }).code ?? (error as Error).name;
  }
}

/** Handlers that do what they should not, or rely on what few rely on. */
const handlers: readonly [title: string, handler: Handler][] = [
  [
    'a callback of end',
    (_req, res, log) => new Promise((done) => res.end('x', () => done(log.push(res.writableFinished)))),
  ],
  [
    'end with a callback alone',
    (_req, res, log) => new Promise<void>((done) => void res.end(() => done(void log.push('called')))),
  ],
  [
    'a callback of write',
    (_req, res, log) =>
      new Promise<void>((done) => {
        res.write('x', () => {
          log.push('written');
          res.end(() => done());
        });
      }),
  ],
  ['what end and writeHead return', (_req, res, log) => log.push(res.writeHead(200) === res, res.end('x') === res)],
  [
    'a second end with a body',
    (_req, res, log) =>
      new Promise<void>((done) => {
        res.on('error', (error: Error & { code?: string }) => done(void log.push(error.code)));
        res.end('one');
        log.push(res.end('two') === res);
      }),
  ],
  [
    'the callback of a second end',
    (_req, res, log) =>
      new Promise<void>((done) => {
        res.end('one');
        res.end((error?: Error) => done(void log.push((error as { code?: string } | undefined)?.code)));
      }),
  ],
  [
    'a write after end',
    (_req, res, log) =>
      new Promise<void>((done) => {
        res.on('error', (error: Error & { code?: string }) => done(void log.push(error.code)));
        res.end('one');
        log.push(res.write('two'));
      }),
  ],
  ['a header after the head', (_req, res, log) => (res.end('x'), log.push(codeOf(() => res.setHeader('a', 'b'))))],
  ['a second head', (_req, res, log) => (res.writeHead(200).end('x'), log.push(codeOf(() => res.writeHead(200))))],
  ['a write of a number', (_req, res, log) => (log.push(codeOf(() => res.write(7))), res.end('x'))],
  ['an end with a number', (_req, res, log) => (log.push(codeOf(() => res.end(7))), res.end('x'))],
  [
    'an end with a number and then pieces',
    (_req, res, log) => (log.push(codeOf(() => res.end(7))), res.write('a'), res.end('b')),
  ],
  [
    'a head with an odd list',
    (_req, res, log) => (log.push(codeOf(() => res.writeHead(200, ['A', 'b', 'C']))), res.end('x')),
  ],
  [
    'a head with pairs',
    (_req, res, log) => (log.push(codeOf(() => res.writeHead(200, [['A', 'b']] as never))), res.end('x')),
  ],
  [
    'a head with a bad name',
    (_req, res, log) => (log.push(codeOf(() => res.writeHead(200, { 'a b': 'c' }))), res.end('x')),
  ],
  [
    'a head with a bad value',
    (_req, res, log) => (log.push(codeOf(() => res.writeHead(200, { a: 'b\nc' }))), res.end('x')),
  ],
  ['a head with a bad status', (_req, res, log) => (log.push(codeOf(() => res.writeHead(42))), res.end('x'))],
  [
    'a bad statusCode',
    (_req, res, log) => (
      (res.statusCode = 1000),
      log.push(codeOf(() => res.end('x'))),
      (res.statusCode = 200),
      res.end('y')
    ),
  ],
  ['a body with 204', (_req, res) => res.status(204).end('no body')],
  ['an invalid reason phrase', (_req, res) => res.writeHead(200, 'no\r\nway: here')],
  ['a throw after the head was set', (_req, res) => (res.set('X-One', 'a').status(201), JSON.parse('{'))],
  ['a throw after end', (_req, res) => (res.end('x'), JSON.parse('{'))],
];

const errorPage: ErrorRequestHandler = (error: Error & { code?: string }, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.statusMessage = '';
  res.status(500).send(`failed: ${error.code ?? error.name}`);
};

describe.each(expressVersions)('on $name', ({ express }) => {
  it.each(handlers)('%s is as without the cache', async (_title, handler) => {
    const seen: Log = [];
    const seenWithout: Log = [];
    const withoutCache = express().set('env', 'test').use(express.json());
    withoutCache.use((req, res, next) => void guarded(() => handler(req, res, seenWithout), next)).use(errorPage);
    const behind = (app: Express): unknown => app.set('env', 'test').use(errorPage);
    const site = await cachedSite(express, (req, res) => handler(req, res, seen), { behind });

    const expected = wireOf(await askRaw((await serve(withoutCache)).port));
    expect(wireOf(await askRaw(site.port))).toEqual(expected);
    expect(seen).toEqual(seenWithout);
    expect(site.runs).toBe(1);
  });

  it('an answer that was begun anew is stored as it was sent, not as it was tried', async () => {
    const bodies: string[] = [];
    const site = await cachedSite(
      express,
      (_req, res) => {
        codeOf(() => res.end(7));
        res.write('in ');
        res.end('pieces');
      },
      { route: { shouldStore: ({ body }) => bodies.push(body.toString()) > 0 } },
    );
    const first = await site.ask();
    const hit = await site.ask();
    expect([first.text, hit.text]).toEqual(['in pieces', 'in pieces']);
    expect(bodies).toEqual(['in pieces']);
    expect(site.runs).toBe(1);
  });

  it('an error page after an invalid reason phrase is not stored', async () => {
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 1 ? res.writeHead(200, 'a\nb').end('x') : res.end('good')),
      {
        behind: (app) => app.use(errorPage),
      },
    );
    const first = await site.ask();
    const second = await site.ask();
    expect([first.status, first.text]).toEqual([500, 'failed: ERR_INVALID_CHAR']);
    expect(first.cacheStatus).toBe('ai-cache; fwd=miss; detail=error');
    expect([second.status, second.text, site.runs]).toEqual([200, 'good', 2]);
  });
});

async function guarded(work: () => unknown, next: (error: unknown) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    next(error);
  }
}
