import { once } from 'node:events';
import type { Express, Request } from 'express';
import { describe, expect, it } from 'vitest';
import { bodyOf } from '../../../src/request/body.ts';
import { expressVersions } from '../../support/express.ts';
import { json, readBy } from './asked.ts';
import type { Ask } from './asked.ts';

const post = (type: string, body: string | Buffer): Ask => ({
  method: 'POST',
  headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) },
  body,
});
const chunked = ({ method, headers, body }: Ask): Ask => ({
  method: method ?? 'POST',
  headers: { 'content-type': headers?.['content-type'], 'transfer-encoding': 'chunked' },
  ...(body === undefined ? {} : { body }),
});

const early = (app: Express): unknown =>
  app.use((req, _res, next) => {
    req.body = { early: true };
    next();
  });

const own = (app: Express): unknown =>
  app.use(async (req, _res, next) => {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    req.body = { own: text };
    next();
  });

describe.each(expressVersions)('the body under $name', ({ express }) => {
  const read = (sent: Ask, setUp?: (app: Express) => unknown): Promise<unknown> => readBy(express, bodyOf, sent, setUp);
  const withJson = (app: Express): unknown => app.use(express.json());
  const lenient = (app: Express): unknown => app.use(express.json({ strict: false }));

  const drain = (app: Express): void => {
    app.use(express.json({ type: 'application/vnd.api+json' }));
    app.use(async (req, _res, next) => {
      req.resume();
      await once(req, 'end');
      next();
    });
  };
  const dto = (app: Express): void => {
    app.use(express.json());
    app.use((req, _res, next) => {
      req.body = new URLSearchParams({ a: '1' });
      next();
    });
  };
  const parsed = (app: Express): unknown => app.use(express.text({ type: '*/*' }));
  const text = (app: Express): unknown => app.use(express.text());
  const raw = (app: Express): unknown => app.use(express.raw());
  const form = (app: Express): unknown => app.use(express.urlencoded({ extended: true }));
  const simple = (app: Express): unknown => app.use(express.urlencoded({ extended: false }));

  it('is none where none is sent, whatever parser stands before', async () => {
    expect(await read({ method: 'GET' })).toEqual({ form: 'none' });
    expect(await read({ method: 'GET' }, withJson)).toEqual({ form: 'none' });
    expect(await read(post('application/json', ''), withJson)).toEqual({ form: 'none' });
    expect(await read(post('text/plain', ''), withJson)).toEqual({ form: 'none' });
  });

  it('is what express.json() has parsed, chunked or not, with GET too', async () => {
    const object = { form: 'object', value: { text: 'x' } };
    expect(await read(json({ text: 'x' }), withJson)).toEqual(object);
    expect(await read(chunked(json({ text: 'x' })), withJson)).toEqual(object);
    expect(await read({ ...json({ text: 'x' }), method: 'GET' }, withJson)).toEqual(object);
    expect(await read(json({}), withJson)).toEqual({ form: 'object', value: {} });
    expect(await read(json([1]), withJson)).toEqual({ form: 'json', value: [1] });
    expect(await read(json(null), lenient)).toEqual({ form: 'json', value: null });
    expect(await read(json('x'), lenient)).toEqual({ form: 'text', value: 'x' });
  });

  it('cannot be keyed where no parser has read it', async () => {
    const unread = { form: 'unkeyable', reason: 'not-parsed' };
    expect(await read(json({ text: 'x' }))).toEqual(unread);
    expect(await read(post('text/plain', 'a prompt'), withJson)).toEqual(unread);
    expect(await read(post('text/plain', 'hi'), withJson)).toEqual(unread);
    expect(await read(chunked(post('text/plain', 'a prompt')), withJson)).toEqual(unread);
    expect(await read(post('application/x-www-form-urlencoded', 'a=b'), withJson)).toEqual(unread);
  });

  it('cannot be keyed where somebody has read it and left nothing in req.body', async () => {
    const unread = { form: 'unkeyable', reason: 'not-parsed' };
    expect(await read(post('text/plain', 'a prompt'), drain)).toEqual(unread);
    expect(await read(json({ text: 'x' }), drain)).toEqual(unread);
  });

  it('cannot be keyed where a middleware has put something in req.body before anybody has read it', async () => {
    expect(await read(post('text/plain', 'a prompt'), early)).toEqual({ form: 'unkeyable', reason: 'not-parsed' });
  });

  it('is what a parser of the app itself has made of it', async () => {
    expect(await read(post('text/csv', 'a,b'), own)).toEqual({ form: 'object', value: { own: 'a,b' } });
  });

  it('cannot be keyed where it is multipart, parsed or not', async () => {
    const multipart = { form: 'unkeyable', reason: 'multipart' };
    expect(await read(post('Multipart/form-data; boundary=x', '--x--'), parsed)).toEqual(multipart);
    expect(await read(post('multipart/form-data; boundary=x', '--x--'))).toEqual(multipart);
  });

  it('is text, bytes or the fields of a form, each in its own form', async () => {
    const urlencoded = post('application/x-www-form-urlencoded', 'a=1&b[c]=2');
    expect(await read(post('text/plain', '{"a":1}'), text)).toEqual({ form: 'text', value: '{"a":1}' });
    expect(await read(post('application/octet-stream', 'x'), raw)).toEqual({ form: 'bytes', value: Buffer.from('x') });
    expect(await read(urlencoded, form)).toEqual({ form: 'object', value: { a: '1', b: { c: '2' } } });
    expect(await read(urlencoded, simple)).toMatchObject({ form: 'object' });
  });

  it('cannot be keyed where a parser has made it an object of a class', async () => {
    expect(await read(json({ a: 1 }), dto)).toEqual({ form: 'unkeyable', reason: 'not-json' });
  });
});

const request = (endAfterHeaders: boolean, body: unknown): Request =>
  ({
    headers: {},
    httpVersionMajor: 2,
    stream: { endAfterHeaders },
    readableEnded: true,
    body,
  }) as unknown as Request;

describe('the body of a request over HTTP/2', () => {
  it('follows its head without a Content-Length', () => {
    expect(bodyOf(request(false, undefined))).toEqual({ form: 'unkeyable', reason: 'not-parsed' });
    expect(bodyOf(request(false, { a: 1 }))).toEqual({ form: 'object', value: { a: 1 } });
    expect(bodyOf(request(true, undefined))).toEqual({ form: 'none' });
  });
});
