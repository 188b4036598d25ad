import { describe, expect, it } from 'vitest';
import type { AIRouteOptions } from '../../src/config/route-options.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

/** An option of a route and the runs of the handler for bodies { who: 'a' }, { who: 'a' }, { who: 'b' }. */
describe.each(expressVersions)('what a request asks for on $name', ({ express }) => {
  it.each(['provider', 'model', 'operation', 'collection'] as const)(
    '%s by a function of the route is in the key',
    async (name) => {
      const route: AIRouteOptions = {
        [name]: (req: { headers: Record<string, unknown> }) => String(req.headers['x-pick']),
      };
      const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { route });
      const picked = (value: string) => ({ json: { text: 'a' }, headers: { 'x-pick': value } });
      const answers = await site.askInTurn(picked('one'), picked('two'), picked('one'));
      expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":1}']);
      expect(site.runs).toBe(2);
    },
  );

  it('by its own description is told apart by every field described', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: {
        describe: (req) => ({
          text: String(req.headers['x-text']),
          question: String(req.headers['x-question']),
          options: { depth: Number(req.headers['x-depth']) },
          tenant: String(req.headers['x-team']),
        }),
      },
    });
    const first = { 'x-text': 'a', 'x-question': 'q', 'x-depth': '1', 'x-team': 't' };
    const others = Object.keys(first).map((name) => ({ ...first, [name]: '2' }));
    const sent = [first, ...others].map((headers) => ({ headers }));
    const answers = await site.askInTurn(...sent, ...sent);
    expect(answers.map(({ text }) => text)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5].map((run) => `{"run":${run}}`));
    expect(site.runs).toBe(5);
  });

  it('by its own description is told apart by the body, since the handler can read all of it', async () => {
    const site = await cachedSite(express, (req, res) => res.json(req.body), {
      route: { describe: () => ({ text: 'always' }) },
    });
    const answers = await site.askInTurn({ json: { a: 1 } }, { json: { a: 2 } });
    expect(answers.map(({ text }) => text)).toEqual(['{"a":1}', '{"a":2}']);
    expect(site.runs).toBe(2);
  });

  it('a tenant that the description gives declares whose answers are shared', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      outer: [(req, _res, next) => (Object.assign(req, { user: { team: req.headers['x-team'] } }), next())],
      route: { describe: (req) => ({ text: 'a', tenant: String(req.headers['x-team']) }) },
    });
    const answers = await site.askInTurn(
      { headers: { 'x-team': 'red', authorization: 'a' } },
      { headers: { 'x-team': 'red', authorization: 'b' } },
      { headers: { 'x-team': 'blue', authorization: 'a' } },
    );
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}', '{"run":2}']);
    expect(site.runs).toBe(2);
  });

  it('is what statistics are about: provider and model of the body, unless the route says otherwise', async () => {
    const byBody = await cachedSite(express, (_req, res) => res.json({}));
    const byRoute = await cachedSite(express, (_req, res) => res.json({}), {
      route: { provider: 'ours', model: () => 'best' },
    });
    const json = { provider: 'openai', model: 'gpt', messages: [{ role: 'user', content: 'hello' }] };
    await Promise.all([byBody.askInTurn({ json }, { json }), byRoute.askInTurn({ json }, { json })]);
    expect(byBody.cache.stats().byModel).toMatchObject([{ provider: 'openai', model: 'gpt', hits: 1, misses: 1 }]);
    expect(byRoute.cache.stats().byModel).toMatchObject([{ provider: 'ours', model: 'best', hits: 1, misses: 1 }]);
  });

  it('does not depend on tags, contentType and confidence, which are labels', async () => {
    let count = 0;
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      route: {
        tags: () => [`t${(count += 1)}`],
        contentType: () => (count % 2 ? 'critical' : 'static'),
        confidence: () => 0.5 + count / 10,
      },
    });
    await site.askInTurn({}, {}, {});
    expect([count, site.runs]).toEqual([3, 1]);
  });

  it('a member of the body that a function of the route replaces still counts', async () => {
    const site = await cachedSite(express, (req, res) => res.json({ model: req.body.model }), {
      route: { model: 'fixed' },
    });
    const answers = await site.askInTurn({ json: { text: 'a', model: 'x' } }, { json: { text: 'a', model: 'y' } });
    expect(answers.map(({ text }) => text)).toEqual(['{"model":"x"}', '{"model":"y"}']);
    expect(site.runs).toBe(2);
  });

  it('cannot be set by the caller where it is policy: collection, tags, contentType, confidence and tenant of a body are data', async () => {
    const policy = { collection: 'theirs', tags: ['theirs'], contentType: 'static', confidence: 1.5, tenant: 'theirs' };
    const site = await cachedSite(express, (req, res) => res.json({ sent: req.body.tenant }));
    await site.ask({ json: { text: 'a', ...policy } });
    const other = await site.ask({ json: { text: 'a', ...policy }, headers: { authorization: 'b' } });
    expect(other.cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect(site.runs).toBe(2);
  });
});
