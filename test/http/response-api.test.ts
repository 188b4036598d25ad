import { createReadStream, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, askRaw } from '../support/ask.ts';
import { cachedSite, serve } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { repeatable, wireOf } from './wire.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ai-cache-files-'));
  writeFileSync(join(directory, 'answer.txt'), 'an answer from a file');
});

afterAll(() => rm(directory, { recursive: true }));

const file = (): string => join(directory, 'answer.txt');

type Handler = (req: Request, res: Response) => unknown;

/** Answers that may be stored, made in every way Node and Express have. */
const storable: readonly [title: string, handler: Handler][] = [
  ['json of an object', (_req, res) => res.json({ answer: 42 })],
  ['json of null', (_req, res) => res.json(null)],
  ['send of a string', (_req, res) => res.send('<p>héllo</p>')],
  ['send of a Buffer', (_req, res) => res.send(Buffer.from([0, 255, 13, 10, 128]))],
  ['send of an object', (_req, res) => res.send({ answer: [1, 2] })],
  ['send of nothing', (_req, res) => res.send()],
  ['status 201 and json', (_req, res) => res.status(201).location('/answers/1').json({ id: 1 })],
  ['status 204 without a body', (_req, res) => res.status(204).end()],
  ['sendStatus', (_req, res) => res.sendStatus(200)],
  ['type and send', (_req, res) => res.type('text/csv').send('a,b\n')],
  ['end of a string alone', (_req, res) => res.end('whole')],
  ['end of a Buffer alone', (_req, res) => res.end(Buffer.from('bytes'))],
  ['end with an encoding', (_req, res) => res.end('ff00fe', 'hex')],
  ['end without anything', (_req, res) => res.end()],
  ['one write and end', (_req, res) => void (res.write('one'), res.end())],
  [
    'several writes and end of a chunk',
    (_req, res) => void (res.write('one '), res.write(Buffer.from('two ')), res.end('three')),
  ],
  [
    'writes in every encoding',
    (_req, res) => {
      res.write('68c3a9', 'hex');
      res.write('aGk=', 'base64');
      res.write('h\u00e9', 'latin1');
      res.write('h\u00e9', 'utf8');
      res.write('hi', 'utf16le');
      res.end();
    },
  ],
  ['a write of a Uint8Array', (_req, res) => void (res.write(new Uint8Array([1, 2, 3])), res.end())],
  ['an empty write before the body', (_req, res) => void (res.write(''), res.end('body'))],
  [
    'a write of a buffer that is used again',
    (_req, res) => {
      const chunk = Buffer.from('first');
      res.write(chunk, () => {
        chunk.write('again');
        res.end(chunk);
      });
    },
  ],
  [
    'writeHead with an object',
    (_req, res) => res.writeHead(200, { 'Content-Type': 'text/plain', 'X-One': 'a' }).end('x'),
  ],
  [
    'writeHead with a flat array',
    (_req, res) => res.writeHead(200, ['Content-Type', 'text/plain', 'Link', '</a>', 'Link', '</b>']).end('x'),
  ],
  [
    'writeHead with a message and headers',
    (_req, res) => res.writeHead(200, 'Very Well', { 'Content-Type': 'text/plain' }).end('x'),
  ],
  [
    'writeHead over headers that were set',
    (_req, res) => res.set('X-One', 'a').writeHead(200, { 'x-one': 'b' }).end('x'),
  ],
  [
    'writeHead with a flat array over headers that were set',
    (_req, res) => res.set('Link', '</x>').writeHead(200, ['link', '</a>', 'Link', '</b>']).end('x'),
  ],
  ['writeHead with a Content-Length', (_req, res) => res.writeHead(200, { 'Content-Length': 4 }).end('four')],
  ['a status message of its own', (_req, res) => ((res.statusMessage = 'Fine'), res.end('x'))],
  ['a header with a list of values', (_req, res) => res.set('Link', ['</a>; rel=next', '</b>; rel=prev']).end('x')],
  ['appendHeader', (_req, res) => res.appendHeader('Link', '</a>').appendHeader('Link', '</b>').end('x')],
  ['append of Express', (_req, res) => res.append('Link', '</a>').append('link', '</b>').end('x')],
  ['setHeaders', (_req, res) => res.setHeaders(new Map([['X-One', 'a']])).end('x')],
  [
    'a header that was set and removed',
    (_req, res) => (res.set('X-One', 'a'), res.removeHeader('x-one'), res.end('x')),
  ],
  ['names of headers in unusual case', (_req, res) => (res.setHeader('x-LOUD-name', 'Value'), res.end('x'))],
  ['a latin1 header value', (_req, res) => res.set('X-City', 'Z\u00fcrich').end(Buffer.from('x'))],
  ['attachment', (_req, res) => res.attachment('a.txt').send('x')],
  ['pipe from a Readable', (_req, res) => Readable.from(['one ', Buffer.from('two'), ' three']).pipe(res)],
  ['pipeline', (_req, res) => pipeline(Readable.from(['one ', 'two']), res.type('text/plain'))],
  ['pipe of a file', (_req, res) => createReadStream(file()).pipe(res.type('text/plain'))],
  ['sendFile without cacheControl', (_req, res) => res.sendFile(file(), { cacheControl: false })],
  ['sendFile with maxAge', (_req, res) => res.sendFile(file(), { maxAge: '1h' })],
  ['cork and uncork', (_req, res) => (res.cork(), res.write('one '), res.write('two'), res.uncork(), res.end())],
];

/** Answers that are not stored, and why. */
const notStored: readonly [title: string, reason: string, handler: Handler][] = [
  ['redirect', 'status', (_req, res) => res.redirect('/elsewhere')],
  ['sendStatus of 404', 'status', (_req, res) => res.sendStatus(404)],
  ['json with a Set-Cookie', 'set-cookie', (_req, res) => res.cookie('a', 'b').json({})],
];

describe.each(expressVersions)('on $name', ({ express }) => {
  /** The bytes that the same app sends without a cache. */
  async function bytesWithout(handler: Handler): Promise<Buffer> {
    const app = express();
    app.use(express.json());
    app.use(handler);
    return askRaw((await serve(app)).port, '/a');
  }

  it.each(storable)(
    '%s is byte for byte as without the cache, and so is its repeat but for the framing',
    async (_title, handler) => {
      const site = await cachedSite(express, handler);
      const miss = await askRaw(site.port, '/a');
      expect(wireOf(miss)).toEqual(wireOf(await bytesWithout(handler)));
      const [hit, other] = [await site.ask({ path: '/a' }), await site.ask({ path: '/b' })];
      expect(hit.cacheStatus).toMatch(/^ai-cache; hit; /);
      expect(repeatable(hit)).toEqual(repeatable(other));
      expect(site.runs).toBe(2);
    },
  );

  it.each(notStored)('%s is byte for byte as without the cache and not stored: %s', async (_title, reason, handler) => {
    const site = await cachedSite(express, handler);
    const miss = await askRaw(site.port, '/a');
    expect(wireOf(miss)).toEqual(wireOf(await bytesWithout(handler)));
    const again = await site.ask({ path: '/a' });
    expect(again.cacheStatus).toBe(`ai-cache; fwd=miss; detail=${reason}`);
    expect(site.runs).toBe(2);
  });

  /** Node takes the headers of writeHead another way where none was set before. */
  it.each<[form: string, headers: unknown]>([
    ['an object', { 'X-One': 'a', Link: ['</a>', '</b>'] }],
    ['a flat array', ['X-One', 'a', 'Link', '</a>', 'Link', '</b>']],
    [
      'pairs',
      [
        ['X-One', 'a'],
        ['Link', '</a>'],
        ['Link', '</b>'],
      ],
    ],
    ['none', undefined],
  ])('a first head with %s is as without the cache, and so is its repeat', async (_form, headers) => {
    const handler: Handler = (_req, res) => res.writeHead(200, headers as never).end('x');
    const plain = (make: Express): Express => make.disable('x-powered-by').disable('etag');
    const site = await cachedSite(express, handler, { parser: false });
    plain(site.app);
    const without = await serve(plain(express()).use(handler));
    expect(wireOf(await askRaw(site.port))).toEqual(wireOf(await askRaw(without.port)));
    expect(repeatable(await site.ask())).toEqual(repeatable(await ask(without.port)));
    expect(site.runs).toBe(1);
  });

  it('a body known when the head goes out is announced as stored, one that comes in pieces is not', async () => {
    const site = await cachedSite(express, (req, res) =>
      req.path === '/whole' ? res.end('x') : void (res.write('x'), res.end()),
    );
    expect((await site.ask({ path: '/whole' })).cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect((await site.ask({ path: '/pieces' })).cacheStatus).toBe('ai-cache; fwd=miss');
    expect((await site.ask({ path: '/pieces' })).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(2);
  });

  it('repeated fields are replayed as separate fields', async () => {
    const site = await cachedSite(express, (_req, res) => res.set('Link', ['</a>', '</b>']).json({}));
    await site.ask();
    const hit = wireOf(await askRaw(site.port));
    expect(hit.head.filter((line) => line.startsWith('Link'))).toEqual(['Link: </a>', 'Link: </b>']);
    expect(site.runs).toBe(1);
  });
});
