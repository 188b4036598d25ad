import { describe, expect, it } from 'vitest';
import type { Sent } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

const base: Sent = {
  path: '/ask?lang=en',
  json: { text: 'hello', question: 'why?', operation: 'ask', options: { length: 3 } },
};

function post(changes: Readonly<Record<string, unknown>>): Sent {
  return { ...base, json: { ...(base.json as object), ...changes } };
}

/** Each differs from `base` in one thing that a handler can read. */
const others: readonly [what: string, sent: Sent][] = [
  ['another text', post({ text: 'hello!' })],
  ['a text that is composed otherwise', post({ text: 'he\u0301llo' })],
  ['another question', post({ question: 'how?' })],
  ['another operation', post({ operation: 'tell' })],
  ['another value of an option', post({ options: { length: 4 } })],
  ['an option of another type', post({ options: { length: '3' } })],
  ['one more option', post({ options: { length: 3, tone: null } })],
  ['another field that the cache does not know', post({ extra: true })],
  ['another model', post({ model: 'gpt' })],
  ['another provider', post({ provider: 'openai' })],
  ['another path', { ...base, path: '/tell?lang=en' }],
  ['another query', { ...base, path: '/ask?lang=de' }],
  ['no query', { ...base, path: '/ask' }],
  ['another method', { ...base, method: 'QUERY' }],
  ['another host', { ...base, headers: { host: 'other.test' } }],
  ['another Accept', { ...base, headers: { accept: 'text/plain' } }],
  ['another Accept-Language', { ...base, headers: { 'accept-language': 'de' } }],
  ['another version of a provider', { ...base, headers: { 'anthropic-version': '2023-06-01' } }],
  ['another bearer token', { ...base, headers: { authorization: 'Bearer b' } }],
  ['another cookie', { ...base, headers: { cookie: 'sid=b' } }],
  ['another API key', { ...base, headers: { 'x-api-key': 'b' } }],
  ['a header that the route names', { ...base, headers: { 'x-flavour': 'sweet' } }],
];

describe.each(expressVersions)('on $name', ({ express }) => {
  it.each(others)('a request with %s runs the handler and gets its own answer', async (_what, other) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { varyHeaders: ['X-Flavour'] },
    });
    const asked = await site.askInTurn(base, other, base, other);
    expect(asked.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":1}', '{"run":2}']);
    expect(site.runs).toBe(2);
  });

  it('a request with a header that nothing depends on is the same request', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.ask(base);
    const repeat = await site.ask({ ...base, headers: { 'user-agent': 'other', 'x-request-id': '7' } });
    expect(repeat.text).toBe('{"run":1}');
    expect(site.runs).toBe(1);
  });

  it('two callers share nothing by default and everything where the route says so', async () => {
    const apart = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const shared = await cachedSite(express, (_req, res, run) => res.json({ run }), { route: { scope: 'shared' } });
    const sent = [{ authorization: 'Bearer a' }, { authorization: 'Bearer b' }, {}].map((headers) => ({
      ...base,
      headers,
    }));
    await Promise.all([apart.askInTurn(...sent), shared.askInTurn(...sent)]);
    expect([apart.runs, shared.runs]).toEqual([3, 1]);
  });

  it('only the named cookies count where the scope names cookies', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { scope: { cookies: ['sid'] } },
    });
    await site.ask({ ...base, headers: { cookie: 'sid=1; _ga=x' } });
    await site.ask({ ...base, headers: { cookie: '_ga=y; sid=1' } });
    const other = await site.ask({ ...base, headers: { cookie: 'sid=2; _ga=x' } });
    expect(other.text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('what the scope function returns is the partition', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { scope: (req) => String(req.headers['x-team']) },
    });
    await site.ask({ ...base, headers: { 'x-team': 'red', authorization: 'Bearer a' } });
    await site.ask({ ...base, headers: { 'x-team': 'red', authorization: 'Bearer b' } });
    await site.ask({ ...base, headers: { 'x-team': 'blue', authorization: 'Bearer a' } });
    expect(site.runs).toBe(2);
  });

  it('a text body and a JSON body of the same characters are different requests', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, type: typeof req.body }), {
      parser: (req, res, next) => {
        const parse = req.is('json') ? express.json({ strict: false }) : express.text();
        parse(req, res, next);
      },
    });
    const asText = await site.ask({ method: 'POST', body: '"a"', headers: { 'content-type': 'text/plain' } });
    const asJson = await site.ask({ method: 'POST', body: '"a"', headers: { 'content-type': 'application/json' } });
    expect([asText.text, asJson.text]).toEqual(['{"run":1,"type":"string"}', '{"run":2,"type":"string"}']);
  });
});
