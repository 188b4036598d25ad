import { once } from 'node:events';
import { request as httpsRequest, createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { aiCache } from '../../../src/middleware.ts';
import { ask, type Sent } from '../../support/ask.ts';
import { serve } from '../../support/cached-site.ts';
import { countedHandler } from '../../support/counted-handler.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { isKept, staleSite } from './stale-site.ts';

const route = { staleWhileRevalidateSeconds: 60 };

/** What middleware in front of the cache sees of a request. */
function sightOf(req: Request): Record<string, unknown> {
  const { method, originalUrl, headers, ip, protocol, secure, socket } = req;
  return { method, originalUrl, headers: { ...headers }, ip, protocol, secure, address: socket.remoteAddress };
}

describe.each(expressVersions)('a refresh on $name', ({ express }) => {
  it.each<[what: string, sent: Sent]>([
    ['a GET', { path: '/answers/7?lang=en&lang=de' }],
    ['a POST', { path: '/answers', json: { text: 'é', options: { b: 1, a: [null] } } }],
    ['a QUERY', { path: '/answers', method: 'QUERY', json: { text: 'q' } }],
    ['a POST without a body', { method: 'POST', path: '/answers' }],
    ['a request with credentials and cookies', { headers: { authorization: 'Bearer x', cookie: 'sid=1; a=b' } }],
  ])('of %s goes through all middleware as it came', async (_what, sent) => {
    const seen: Record<string, unknown>[] = [];
    const bodies: unknown[] = [];
    const look: RequestHandler = (req, _res, next) => {
      seen.push(sightOf(req));
      next();
    };
    const { site, clock, gates } = await staleSite(
      express,
      (req, res, run) => {
        bodies.push(req.body);
        res.json({ run });
      },
      { route, outer: [look] },
    );
    gates[1].open();
    await site.ask(sent);
    clock.advance(10_000);
    await site.ask({
      ...sent,
      headers: { ...sent.headers, 'accept-encoding': 'br', traceparent: '00-1', baggage: 'a=b' },
    });
    await expect.poll(async () => (await site.ask(sent)).text).toBe('{"run":2}');
    const [first, , refresh] = seen;
    const { headers: firstHeaders, ...firstRest } = first as { headers: object };
    const { headers, ...rest } = refresh as { headers: object };
    expect(rest).toEqual(firstRest);
    expect(headers).toEqual({ ...firstHeaders, connection: 'close' });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(site.runs).toBe(2);
  });

  it.each([
    ['If-None-Match', { 'if-none-match': '"x"' }],
    ['If-Modified-Since', { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }],
    ['Accept-Encoding', { 'accept-encoding': 'gzip, br' }],
    ['Expect', { expect: '100-continue' }],
  ])('has no %s', async (name, headers) => {
    const seen: unknown[] = [];
    const { site, clock, gates } = await staleSite(express, (_req, res, run) => res.json({ run }), {
      route,
      outer: [(req, _res, next) => (seen.push(req.headers[name.toLowerCase()]), next())],
    });
    gates[1].open();
    await site.ask();
    clock.advance(10_000);
    await site.ask({ headers });
    await isKept(site, '{"run":2}');
    expect(seen[1]).toBe(Object.values(headers)[0]);
    expect(seen[2]).toBeUndefined();
    expect(site.runs).toBe(2);
  });

  it('runs what middleware in front does, and its handler sees a response that is its own', async () => {
    let passed = 0;
    const { site, clock, gates } = await staleSite(
      express,
      (req, res, run) => res.json({ run, id: res.getHeader('X-Request-Id'), same: req.res === res }),
      { route, outer: [(_req, res, next) => (res.setHeader('X-Request-Id', `r${(passed += 1)}`), next())] },
    );
    gates[1].open();
    expect((await site.ask()).text).toBe('{"run":1,"id":"r1","same":true}');
    clock.advance(10_000);
    const stale = await site.ask();
    expect([stale.text, stale.headers['x-request-id']]).toEqual(['{"run":1,"id":"r1","same":true}', 'r2']);
    await isKept(site, '{"run":2,"id":"r3","same":true}');
    expect(site.runs).toBe(2);
  });

  it('of a router under a mount path asks for the whole of it', async () => {
    const clock = manualClock();
    const cache = new AIResponseCache({ telemetry: false }, clock);
    onTestFinished(() => cache.close());
    const urls: string[] = [];
    const handler = countedHandler((req, res, run) => {
      urls.push(`${req.baseUrl} ${req.url}`);
      res.json({ run });
    });
    const router = express.Router();
    router.get('/ask', aiCache({ cache, ttlSeconds: 10, ...route }), handler.handler);
    const { port } = await serve(express().use('/api/v1', router));
    const sent = { path: '/api/v1/ask?x=1' };
    await ask(port, sent);
    clock.advance(10_000);
    expect((await ask(port, sent)).text).toBe('{"run":1}');
    await expect.poll(async () => (await ask(port, sent)).text).toBe('{"run":2}');
    expect(urls).toEqual(['/api/v1 /ask?x=1', '/api/v1 /ask?x=1']);
    expect(handler.runs).toBe(2);
  });

  it('is known by its connection: no header of a client’s makes a request one', async () => {
    const { site, clock, gates } = await staleSite(express, (_req, res, run) => res.json({ run }), { route });
    await site.ask();
    clock.advance(10_000);
    const pretender = { headers: { 'x-ai-cache-refresh': '1', 'cache-control': 'no-cache', purpose: 'prefetch' } };
    expect((await site.ask(pretender)).text).toBe('{"run":1}');
    gates[1].open();
    await isKept(site, '{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('whose key is another one, because middleware in front makes it so, is not made', async () => {
    let passed = 0;
    const { site, clock, ran } = await staleSite(express, (_req, res, run) => res.json({ run }), {
      route: { ...route, varyHeaders: ['x-turn'] },
      // The third request to pass is the refresh.
      outer: [(req, _res, next) => ((req.headers['x-turn'] = (passed += 1) === 3 ? 'other' : 'same'), next())],
    });
    await site.ask();
    clock.advance(10_000);
    expect((await site.ask()).text).toBe('{"run":1}');
    await expect.poll(() => site.errors.map(({ code }) => code)).toEqual(['REFRESH_IMPOSSIBLE']);
    expect([site.runs, ran.count]).toEqual([1, 1]);
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('where the server is out of reach is not made, and the stale answer goes out all the same', async () => {
    const { site, clock } = await staleSite(express, (_req, res, run) => res.json({ run }), {
      route,
      outer: [(req, _res, next) => (Object.defineProperty(req.socket, 'server', { value: undefined }), next())],
    });
    await site.ask();
    clock.advance(10_000);
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
    expect(site.errors.map(({ code }) => code)).toEqual(['REFRESH_IMPOSSIBLE']);
    expect(site.runs).toBe(1);
    clock.advance(60_000);
    expect(site.cache.stats()).toMatchObject({ stale: 2, errors: 0 });
  });

  it('goes through a server of HTTPS as a secure request', async () => {
    const clock = manualClock();
    const cache = new AIResponseCache({ telemetry: false }, clock);
    onTestFinished(() => cache.close());
    const seen: unknown[] = [];
    const handler = countedHandler((req, res, run) => {
      seen.push([req.protocol, req.secure, req.hostname]);
      res.json({ run });
    });
    const app = express();
    app.use(aiCache({ cache, ttlSeconds: 10, ...route }), handler.handler);
    const server = createHttpsServer(selfSigned, app);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const asked = async (): Promise<string> => {
      const sent = httpsRequest({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }).end();
      const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
      return Buffer.concat(await response.toArray()).toString();
    };
    expect(await asked()).toBe('{"run":1}');
    clock.advance(10_000);
    expect(await asked()).toBe('{"run":1}');
    await expect.poll(asked).toBe('{"run":2}');
    expect(seen).toEqual([
      ['https', true, '127.0.0.1'],
      ['https', true, '127.0.0.1'],
    ]);
    expect(handler.runs).toBe(2);
  });
});
