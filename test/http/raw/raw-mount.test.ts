import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { digestBody } from '../../../src/request/body-bytes.ts';
import type { Answer, Sent } from '../../support/ask.ts';
import { cachedSite, HIT, STORED, type CachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const asJson = (body: string | Buffer, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  body,
  headers: { ...JSON_TYPE, ...headers },
});

/** Error middleware that notes what it is given. */
function toldTo(said: unknown[]): ErrorRequestHandler {
  return (error: { status?: number; type?: string }, _req, res, _next) => {
    said.push([error.status, error.type]);
    res.sendStatus(error.status ?? 500);
  };
}

describe.each(expressVersions)('a mount before the parser, on $name', ({ express }) => {
  const rawSite = (options: SiteOptions = {}): Promise<CachedSite> =>
    cachedSite(
      express,
      (req, res, run) => res.json({ run, body: req.body as unknown, raw: aiCacheContext(req)?.rawBody?.toString() }),
      {
        clock: manualClock(),
        parser: false,
        inner: [express.json()],
        ...options,
        route: { body: 'raw', ...options.route },
      },
    );

  it('gives the handler the body as the parser would, and its bytes', async () => {
    const site = await rawSite();
    const answer = await site.ask(asJson('{ "text": "a" }'));
    expect([answer.cacheStatus, JSON.parse(answer.text)]).toEqual([
      STORED,
      { run: 1, body: { text: 'a' }, raw: '{ "text": "a" }' },
    ]);
    expect(site.runs).toBe(1);
  });

  it('answers equal bytes, and equal JSON in other bytes, without the handler', async () => {
    const site = await rawSite();
    const [first, ...repeats] = await site.askInTurn(
      asJson('{"text":"a","n":1}'),
      asJson('{"text":"a","n":1}'),
      asJson('{"n":1, "text":"a"}'),
      asJson('{"n":1, "text":"a"}'),
    );
    expect(repeats.map(({ cacheStatus, text }) => [cacheStatus, text])).toEqual(
      Array.from({ length: 3 }, () => [HIT, first?.text]),
    );
    expect(site.runs).toBe(1);
  });

  it.each([
    ['an answer', []],
    ['an answer that varies by a header', ['Origin']],
  ])('parses nothing on a hit of %s', async (_of, varied) => {
    const inner: RequestHandler = (_req, res, next) => {
      for (const name of varied) res.vary(name);
      next();
    };
    const parsed: boolean[] = [];
    const looks: RequestHandler = (req, res, next) => {
      res.once('finish', () => parsed.push(Object.getOwnPropertyDescriptor(req, 'body')?.get === undefined));
      next();
    };
    const site = await rawSite({ outer: [looks], inner: [inner] });
    await site.askInTurn(asJson('{"text":"a"}'), asJson('{"text":"a"}'));
    expect([parsed, site.runs]).toEqual([[true, false], 1]);
  });

  it('lets the functions of the route see the body, on every request', async () => {
    const seen: unknown[] = [];
    const site = await rawSite({
      route: {
        skip: (req) => (req.body as { skip?: boolean }).skip === true,
        model: (req) => {
          seen.push(req.body);
          return (req.body as { tier?: string }).tier;
        },
      },
    });
    const asked = await site.askInTurn(
      asJson('{"tier":"x"}'),
      asJson('{"tier":"x"}'),
      asJson('{"skip":true}'),
      asJson('{"skip":true}'),
    );
    expect(asked.map(({ cacheStatus }) => cacheStatus)).toEqual([
      STORED,
      HIT,
      'ai-cache; fwd=bypass; detail=skip',
      'ai-cache; fwd=bypass; detail=skip',
    ]);
    expect([seen, site.runs]).toEqual([[{ tier: 'x' }, { tier: 'x' }], 3]);
  });

  it('keeps apart what a function of the route tells apart, though the bytes are the same', async () => {
    let tenant = 'a';
    const site = await rawSite({ route: { scope: () => tenant } });
    await site.ask(asJson('{"text":"a"}'));
    tenant = 'b';
    const other = await site.ask(asJson('{"text":"a"}'));
    expect([other.cacheStatus, site.runs]).toEqual([STORED, 2]);
  });

  it('works with a description of its own', async () => {
    const site = await rawSite({
      route: { describe: (req: Request) => ({ text: String((req.body as { text: unknown }).text) }) },
    });
    const asked = await site.askInTurn(asJson('{"text":"a"}'), asJson('{"text":"a"}'), asJson('{"text":"b"}'));
    expect(asked.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, HIT, STORED]);
    expect(site.runs).toBe(2);
  });

  it('takes a body out of its content coding', async () => {
    const site = await rawSite();
    const asked = await site.askInTurn(
      asJson('{"text":"a"}'),
      asJson(gzipSync('{"text":"a"}'), { 'content-encoding': 'gzip' }),
    );
    expect(asked.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, HIT]);
    expect(site.runs).toBe(1);
  });

  describe('answers a bad body as the parser does:', () => {
    const bad: readonly [what: string, sent: Sent, status: number][] = [
      ['not JSON', asJson('{"text":'), 400],
      ['a JSON string', asJson('"text"'), 400],
      ['too long', asJson(JSON.stringify('x'.repeat(102_400))), 413],
      ['too long when unpacked', asJson(gzipSync(Buffer.alloc(2e6, '[')), { 'content-encoding': 'gzip' }), 413],
      ['not what its coding says', asJson('plain', { 'content-encoding': 'gzip' }), 400],
      ['in a coding that nobody knows', asJson('{}', { 'content-encoding': 'lzw' }), 415],
      ['in a charset that nobody knows', asJson('{}', { 'content-type': 'application/json; charset=ebcdic' }), 415],
    ];
    it.each(bad)('%s', async (_what, sent, status) => {
      const said: unknown[] = [];
      const behind: SiteOptions['behind'] = (app) => app.use(toldTo(said));
      const raw = await rawSite({ behind });
      const parsed = await cachedSite(express, (_req, res) => res.json('answered'), { parser: express.json(), behind });
      const answers: Answer[] = [await raw.ask(sent), await parsed.ask(sent), await raw.ask(sent)];
      expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
      expect([said[0], said[2]]).toEqual([said[1], said[1]]);
      expect([raw.runs, parsed.runs]).toEqual([0, 0]);
    });
  });

  it('leaves other bodies to the parsers behind it', async () => {
    const site = await rawSite({ inner: [express.json(), express.text()] });
    const text = { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain' } };
    const asked = await site.askInTurn(text, text);
    expect(asked.map((answer) => [answer.cacheStatus, (JSON.parse(answer.text) as { body: unknown }).body])).toEqual([
      ['ai-cache; fwd=bypass; detail=unkeyable', 'hello'],
      ['ai-cache; fwd=bypass; detail=unkeyable', 'hello'],
    ]);
    expect(site.runs).toBe(2);
  });

  it('answers a GET as ever', async () => {
    const site = await rawSite();
    const asked = await site.askInTurn({ path: '/x' }, { path: '/x' });
    expect([asked.map(({ cacheStatus }) => cacheStatus), site.runs]).toEqual([[STORED, HIT], 1]);
  });

  it('takes a body of which a parser in front of it has read already as that one read it', async () => {
    const site = await rawSite({ parser: express.json() });
    const asked = await site.askInTurn(asJson('{"text":"a"}'), asJson('{"text":"a"}'));
    expect([asked.map(({ cacheStatus }) => cacheStatus), site.runs]).toEqual([[STORED, HIT], 1]);
  });

  it('keeps the limit that bodyLimitBytes sets', async () => {
    const site = await rawSite({ route: { bodyLimitBytes: 20 } });
    expect((await site.ask(asJson('{"text":"a"}'))).status).toBe(200);
    expect((await site.ask(asJson('{"text":"0123456789012"}'))).status).toBe(413);
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('express.json({ verify: digestBody }), on $name', ({ express }) => {
  it('does not hide what a middleware behind the parser adds to the body', async () => {
    let user = 'a';
    const adds: RequestHandler = (req, _res, next) => {
      (req.body as { user?: string }).user = user;
      next();
    };
    const parser = express.Router().use(express.json({ verify: digestBody }), adds) as RequestHandler;
    const site = await cachedSite(express, (req, res) => res.json(req.body), { parser });
    const first = await site.ask(asJson('{"text":"x"}'));
    user = 'bob';
    const other = await site.ask(asJson('{"text":"x"}'));
    expect([first.text, other.text, site.runs]).toEqual(['{"text":"x","user":"a"}', '{"text":"x","user":"bob"}', 2]);
  });
});
