import type { Express } from 'express';
import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../../src/config/route-config.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { buildRequest } from '../../../src/request/build-request.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';
import { expressVersions } from '../../support/express.ts';
import { json, plainRoute, readBy } from './asked.ts';
import type { Ask } from './asked.ts';

const keys = new CacheKeyGenerator();
const throwing = (): never => {
  throw new Error('canary');
};

const rewrite = (app: Express): void => {
  app.use((req, _res, next) => {
    req.url = '/inner';
    next();
  });
};
const forge = (app: Express): void => {
  app.use((req, _res, next) => {
    req.headers = JSON.parse('{"host":"api.test","__proto__":"x"}') as typeof req.headers;
    next();
  });
};
const signedIn = (app: Express): void => {
  app.use((req, _res, next) => {
    Object.assign(req, { user: { id: 1 } });
    next();
  });
};
const describeText = (): AIRequest => ({
  text: 'mine',
  question: 'why?',
  provider: 'p',
  options: { a: 1 },
  tags: ['t'],
});
const withOptions = (options: AIRequest['options']): Partial<RouteConfig> => ({
  describe: () => (options === undefined ? { text: '' } : { text: '', options }),
});

describe.each(expressVersions)('the request of the cache under $name', ({ express }) => {
  const withJson = (app: Express): unknown => app.use(express.json());
  const withText = (app: Express): unknown => app.use(express.text());

  const built = (
    sent: Ask,
    route: Partial<RouteConfig> = {},
    setUp: (app: Express) => unknown = withJson,
  ): Promise<ReturnType<typeof buildRequest>> =>
    readBy(
      express,
      (req) => buildRequest(req, { ...plainRoute, ...route }),
      { ...sent, headers: { host: 'api.test', ...sent.headers } },
      setUp,
    );
  const request = async (...args: Parameters<typeof built>): Promise<AIRequest> => {
    const result = await built(...args);
    if ('bypass' in result) throw new Error(result.bypass, { cause: result.error });
    return result.request;
  };
  const digest = async (...args: Parameters<typeof built>): Promise<string> =>
    keys.keyFor(await request(...args)).digest;

  it('is what the body says, where it was sent, how and for whom', async () => {
    const sent = json({ text: 'x', model: 'm', options: { a: 1 } });
    const whole = await request({
      ...sent,
      path: '/ask?b=1&a=1',
      headers: { ...sent.headers, accept: 'a/b', authorization: 't' },
    });
    expect(whole).toEqual({
      target: 'POST http://api.test/ask?a=1&b=1',
      vary: { accept: 'a/b', 'content-type': 'application/json' },
      model: 'm',
      text: 'x',
      options: { options: { a: 1 } },
      tenant: expect.stringMatching(/^credentials:[0-9a-f]{64}$/) as string,
    });
  });

  it('has no text and no options where there is no body', async () => {
    expect(await request({ path: '/ask?q=x' })).toEqual({ target: 'GET http://api.test/ask?q=x', vary: {}, text: '' });
  });

  it('has keyed headers on an object that no name of a header can give a prototype', async () => {
    const made = await request({}, { varyHeaders: ['__proto__'] }, forge);
    expect(Object.entries(made.vary ?? {})).toEqual([['__proto__', 'x']]);
  });

  it('takes the fields that the route sets, and keeps what the body said of them in the options', async () => {
    const route: Partial<RouteConfig> = {
      provider: 'openai',
      model: (req) => `${(req.body as { model: string }).model}-2`,
      operation: () => undefined,
      collection: () => 'docs',
      contentType: 'static',
      confidence: () => 0.8,
      tags: ['t'],
    };
    const sent = json({ text: 'x', provider: 'p', model: 'm', operation: 'o', collection: 'mine', tags: ['mine'] });
    expect(await request(sent, route)).toMatchObject({
      provider: 'openai',
      model: 'm-2',
      operation: 'o',
      collection: 'docs',
      contentType: 'static',
      confidence: 0.8,
      tags: ['t'],
      text: 'x',
      options: { provider: 'p', model: 'm', operation: 'o', collection: 'mine', tags: ['mine'] },
    });
  });

  it('is another for a body that differs only in a member the route stands over', async () => {
    const route = { model: 'm' };
    const digests = [await digest(json({ text: 'x', model: 'm' }), route), await digest(json({ text: 'x' }), route)];
    expect(new Set(digests).size).toBe(2);
    const byHeader: Partial<RouteConfig> = { model: (req) => req.get('x-model') };
    const fromHeader = { ...json({ text: 'x' }), headers: { ...json({ text: 'x' }).headers, 'x-model': 'm' } };
    expect(await digest(fromHeader, byHeader)).not.toBe(await digest(json({ text: 'x', model: 'm' }), byHeader));
  });

  it('leaves out the ignored members of the body', async () => {
    const route = { ignoreBodyFields: ['id', 'text'] };
    expect(await digest(json({ id: 1, text: 'a', keep: 1 }), route)).toBe(
      await digest(json({ id: 2, text: 'b', keep: 1 }), route),
    );
    expect(await digest(json({ id: 1, keep: 1 }), route)).not.toBe(await digest(json({ id: 1, keep: 2 }), route));
  });

  it('bypasses as unkeyable where nobody has parsed the body', async () => {
    expect(await built(json({ text: 'x' }), {}, () => undefined)).toEqual({ bypass: 'unkeyable' });
    const sent = { method: 'POST', headers: { 'content-type': 'text/plain', 'content-length': 6 }, body: 'prompt' };
    expect(await built(sent)).toEqual({ bypass: 'unkeyable' });
  });

  it('keys text, and never as a JSON body of the same text', async () => {
    const sent = { method: 'POST', headers: { 'content-type': 'text/plain', 'content-length': 1 }, body: 'x' };
    expect(await request(sent, {}, withText)).toMatchObject({ text: 'x', vary: { ':body': 'text' } });
  });

  it('keys declared headers and the URL before it was rewritten', async () => {
    const sent = { path: '/outer', headers: { 'x-region': 'eu' } };
    expect(await request(sent, { varyHeaders: ['x-region'] }, rewrite)).toMatchObject({
      target: 'GET http://api.test/inner',
      vary: { 'x-region': 'eu', ':original-url': '/outer' },
    });
  });

  it('bypasses where the route must say whose answers may be shared, or cannot', async () => {
    expect(await built({}, {}, signedIn)).toEqual({ bypass: 'scope-required' });
    expect(await request({}, { scope: () => 'acme' }, signedIn)).toMatchObject({ tenant: 'acme' });
    expect(await built({}, { scope: throwing })).toMatchObject({ bypass: 'scope-failed', error: { option: 'scope' } });
  });

  it.each([
    ['throws', throwing],
    ['answers with a promise', () => Promise.resolve('m')],
    ['returns a number', () => 7],
    ['returns null', () => null],
  ])('bypasses where a function of the route %s, and the error names the option', async (_, model) => {
    const result = await built(json({ text: 'x' }), { model: model as unknown as () => string });
    expect(result).toMatchObject({ bypass: 'option-failed', error: { name: 'AICacheError', option: 'model' } });
    expect((result as { error: Error }).error.message).not.toContain('canary');
  });

  it.each([
    ['tags', () => [1]],
    ['contentType', () => 'important'],
    ['confidence', () => Number.NaN],
    ['collection', () => 1],
  ])('bypasses where %s is not what it must be', async (name, value) => {
    const route = { [name]: value } as Partial<RouteConfig>;
    expect(await built(json({ text: 'x' }), route)).toMatchObject({ bypass: 'option-failed', error: { option: name } });
  });

  describe('with a describe of the route', () => {
    it('has its fields, and the body beside its options', async () => {
      const sent = json({ text: 'theirs', model: 'm', id: 1 });
      expect(await request(sent, { describe: describeText, ignoreBodyFields: ['id'] })).toEqual({
        target: 'POST http://api.test/',
        vary: { 'content-type': 'application/json', ':described': '1' },
        text: 'mine',
        question: 'why?',
        provider: 'p',
        tags: ['t'],
        options: { options: { a: 1 }, body: { text: 'theirs', model: 'm' } },
      });
    });

    it('never takes target and vary from it, and fields of the route stand over its own', async () => {
      const route: Partial<RouteConfig> = {
        describe: () => ({ text: '', target: 'mine', vary: { a: 'b' }, provider: 'p', model: 'm' }),
        provider: 'q',
      };
      expect(await request({}, route)).toMatchObject({
        target: 'GET http://api.test/',
        vary: { ':described': '1' },
        provider: 'q',
        model: 'm',
      });
    });

    it('has other keys for other bodies, described alike or not', async () => {
      const route = { describe: describeText };
      const digests = [
        await digest(json({ a: 1 }), route),
        await digest(json({ a: 2 }), route),
        await digest(json({}), route),
        await digest(json([]), route),
        await digest(json({ body: {} }), withOptions(undefined)),
        await digest(json({}), withOptions({ body: {} })),
        await digest(json({}), withOptions({})),
        await digest(json({}), withOptions(undefined)),
        await digest(json({ options: { a: 1 }, body: {} })),
      ];
      expect(new Set(digests).size).toBe(digests.length);
      expect(await digest(json({ a: 1, b: 2 }), route)).toBe(await digest(json({ b: 2, a: 1 }), route));
    });

    it('bypasses where it returns undefined', async () => {
      expect(await built({}, { describe: () => undefined })).toEqual({ bypass: 'undescribed' });
    });

    it.each([
      ['throws', throwing, 'describe'],
      ['is async', () => Promise.resolve({ text: '' }), 'describe'],
      ['returns null', () => null, 'request'],
      ['returns no text', () => ({}), 'text'],
      ['returns options that are no object', () => ({ text: '', options: [] }), 'options'],
      ['returns what throws when it is read', () => ({ get text(): string { return throwing(); } }), 'describe'], // prettier-ignore
    ])('bypasses where it %s, and the error says what is wrong', async (_, broken, option) => {
      const result = await built({}, { describe: broken as unknown as () => AIRequest });
      expect(result).toMatchObject({ bypass: 'describe-failed', error: { name: 'AICacheError', option } });
      expect((result as { error: Error }).error.message).not.toContain('canary');
    });

    it('partitions by its tenant, which counts as a declaration, beside the scope where there is one', async () => {
      const route: Partial<RouteConfig> = { describe: () => ({ text: '', tenant: 'acme' }) };
      const sent = { headers: { authorization: 't' } };
      expect(await request(sent, route)).toMatchObject({ tenant: 'acme' });
      expect(await request(sent, { ...route, scope: 'shared' })).toMatchObject({ tenant: 'acme' });
      expect(await request(sent, { ...route, scope: () => 'eu' })).toMatchObject({ tenant: '["eu","acme"]' });
      expect(await built(sent, { describe: () => ({ text: '', tenant: '' }) })).toMatchObject({
        bypass: 'scope-failed',
        error: { option: 'tenant' },
      });
    });
  });
});
