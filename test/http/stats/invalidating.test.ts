import { request } from 'node:http';
import type { Request } from 'express';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CacheKeyGenerator } from '../../../src/index.ts';
import { expressVersions } from '../../support/express.ts';
import { ALL, answerOf, fill, left, mounted, openCache, packageOn, REQUESTS, type Package } from './managed-site.ts';

const digest = new CacheKeyGenerator().keyFor(REQUESTS.haiku as never).digest;
const DELETE = { method: 'DELETE' };

describe.each(expressVersions)('DELETE /invalidate on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  it.each([
    ['provider=openai', ['gpt', 'mini']],
    ['model=haiku', ['haiku']],
    ['operation=qa', ['gpt', 'mini']],
    ['collection=docs', ['gpt', 'haiku']],
    ['tag=a', ['gpt', 'mini']],
    [`key=${digest}`, ['haiku']],
    ['provider=openai&provider=anthropic', ['gpt', 'mini', 'haiku']],
    ['provider=openai&collection=docs', ['gpt']],
    ['&collection=docs&', ['gpt', 'haiku']],
    ['tag=a&tag=b&model=mini', ['mini']],
    ['provider=anthropic&collection=news', []],
    ['collection=nobody', []],
    ['provider=*', ['star']],
    ['collection=a*', ['star']],
    ['tag=%5Bx%5D', ['star']],
    ['tag=[x]', ['star']],
    ['model=a%26b%3Dc', ['star']],
    ['model=a%26b=c', ['star']],
    ['provider=a%2Bb+%25', ['odd']],
    ['model=%F0%9F%98%80', ['odd']],
    ['collection=../clear?', ['odd']],
    ['tag=%C3%A9', ['odd']],
  ])('removes what fits all of %s, and says how much', async (query, gone) => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache);
    const { status, headers, json } = await answerOf(`${url}/invalidate?${query}`, DELETE);
    expect([status, json]).toEqual([200, { removed: gone.length }]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await left(cache)).toEqual(ALL.filter((name) => !gone.includes(name)));
  });

  it.each([
    ['', undefined, 'at least one of provider, model'],
    ['?', undefined, 'DELETE /clear'],
    ['?&', undefined, 'selects nothing'],
    ['?colection=docs', 'colection', 'Did you mean "collection"?'],
    ['?provider=openai&colection=docs', 'colection', 'There is no query parameter "colection".'],
    ['?Provider=openai', 'Provider', 'Did you mean "provider"?'],
    ['?provider[]=openai', 'provider[]', 'There is no query parameter'],
    ['?provider=openai&confirm=ai_cache', 'confirm', 'Known here'],
    ['?tenant=ann', 'tenant', 'Known here'],
    ['?provider=openai&__proto__=x', '__proto__', 'Known here'],
    ['?provider', 'provider', 'is 0 characters long. Allowed: 1 to 1000.'],
    ['?provider=openai&model=', 'model', 'is 0 characters long'],
    [`?collection=${'x'.repeat(1_001)}`, 'collection', 'is 1001 characters long'],
    ['?key=abc', 'key', 'is "abc". Allowed: the whole digest'],
    [`?key=${digest.toUpperCase()}`, 'key', 'in lower case'],
    [`?provider=openai&key=${digest.slice(0, 16)}`, 'key', '64 to 128 hex digits'],
    ['?collection=%FF', 'collection', 'is not percent-encoded UTF-8'],
    ['?provider=openai&model=%zz', 'model', 'encodeURIComponent()'],
    [`?${'tag=a&'.repeat(101)}`, 'tag', 'an array of 1 to 100 of them'],
    [`?${`tag=a&model=${'x'.repeat(999)}&`.repeat(11)}`, undefined, 'at most 10000 characters altogether'],
  ])('refuses %s, names what is wrong, and removes nothing', async (query, parameter, words) => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache);
    const { status, headers, json } = await answerOf(`${url}/invalidate${query}`, DELETE);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toMatchObject({ title: 'Bad Request', detail: expect.stringContaining(words) as string });
    expect(json.parameter).toBe(parameter);
    expect(await left(cache)).toEqual(ALL);
  });

  it('refuses a body: what narrows the selection may stand there by mistake', async () => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache);
    const body = JSON.stringify({ model: 'mini' });
    for (const path of ['invalidate?provider=openai', 'clear?confirm=ai_cache']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, json } = await answerOf(`${url}/${path}`, { ...DELETE, body });
      expect([status, json.detail]).toEqual([400, expect.stringContaining('has a body')]);
    }
    expect(await left(cache)).toEqual(ALL);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS'])('changes nothing for %s', async (method) => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache);
    for (const path of ['invalidate?provider=openai', 'clear?confirm=ai_cache']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, headers } = await answerOf(`${url}/${path}`, { method });
      expect([status, headers.get('allow')]).toEqual([method === 'OPTIONS' ? 204 : 405, 'DELETE, OPTIONS']);
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(await left(cache)).toEqual(ALL);
  });

  it.each([
    ['returns false', () => false],
    ['returns 1', () => 1],
    ['resolves to something else', async () => 'true'],
    ['rejects', () => Promise.reject(new Error('canary'))],
    ['lets others do it', (req: Request) => req.get('x-user') === 'ann'],
  ])('removes nothing where authorize %s', async (_, authorize) => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache, { authorize: authorize as never });
    for (const path of ['invalidate?provider=openai', 'invalidate?nonsense=1', 'clear?confirm=ai_cache']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, json } = await answerOf(`${url}/${path}`, DELETE);
      expect([status, json.detail]).toEqual([403, 'You may not do this.']);
    }
    expect(await left(cache)).toEqual(ALL);
  });

  it('waits for authorize, which is asked by action', async () => {
    const cache = openCache(from);
    await fill(cache);
    const gate = Promise.withResolvers<boolean>();
    const authorize = vi.fn<(req: Request, action: string) => Promise<boolean>>(() => gate.promise);
    const url = await mounted(from, express, cache, { authorize });
    const answer = answerOf(`${url}/invalidate?provider=openai`, DELETE);
    await expect.poll(() => authorize.mock.calls.map(([, action]) => action)).toEqual(['invalidate']);
    expect(await left(cache)).toEqual(ALL);
    gate.resolve(true);
    expect((await answer).json).toEqual({ removed: 2 });
  });

  it('removes what was asked for also where the caller has left meanwhile: it may have been told to wait no longer', async () => {
    const cache = openCache(from);
    await fill(cache);
    const gate = Promise.withResolvers<boolean>();
    const asked = Promise.withResolvers<Request>();
    const authorize = (req: Request): Promise<boolean> => {
      asked.resolve(req);
      return gate.promise;
    };
    const url = await mounted(from, express, cache, { authorize });
    const leaving = request(`${url}/invalidate?provider=openai`, DELETE).on('error', () => {});
    leaving.end();
    const req = await asked.promise;
    const closed = new Promise((resolve) => req.res?.once('close', resolve));
    leaving.destroy();
    await closed;
    gate.resolve(true);
    await expect.poll(() => left(cache)).toEqual(['haiku', 'star', 'odd']);
    expect((await answerOf(`${url}/health`)).status).toBe(200);
  });
});

describe.each(expressVersions)('DELETE /clear on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  it('removes everything where the namespace is confirmed', async () => {
    const cache = openCache(from, { namespace: 'my:cache' });
    await fill(cache);
    const url = await mounted(from, express, cache);
    expect((await answerOf(`${url}/clear?confirm=my%3Acache`, DELETE)).json).toEqual({ removed: ALL.length });
    expect(await left(cache)).toEqual([]);
  });

  it.each([
    ['', 'confirm', 'is missing. To remove everything of this cache give confirm=ai_cache'],
    ['?confirm=', 'confirm', 'is 0 characters long'],
    ['?confirm=other', 'confirm', 'is "other", which is another namespace'],
    ['?confirm=AI_CACHE', 'confirm', 'another namespace'],
    ['?confirm=true', 'confirm', 'another namespace'],
    ['?confirm=ai_cache&confirm=ai_cache', 'confirm', 'more than once'],
    ['?confirm=ai_cache&collection=docs', 'collection', 'Known here: confirm.'],
  ])('refuses %s, and removes nothing', async (query, parameter, words) => {
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache);
    const { status, json } = await answerOf(`${url}/clear${query}`, DELETE);
    expect(status).toBe(400);
    expect(json).toMatchObject({ parameter, detail: expect.stringContaining(words) as string });
    expect(await left(cache)).toEqual(ALL);
  });
});

describe.each(expressVersions)('readOnly on $name', ({ express }) => {
  it('has no route that changes anything, and says so', async () => {
    const from = await packageOn(express);
    const cache = openCache(from);
    await fill(cache);
    const url = await mounted(from, express, cache, { authorize: 'none', readOnly: true });
    for (const [method, path] of [
      ['DELETE', 'invalidate?provider=openai'],
      ['DELETE', 'clear?confirm=ai_cache'],
      ['POST', 'warm'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await answerOf(`${url}/${path}`, { method })).status).toBe(404);
    }
    expect(await left(cache)).toEqual(ALL);
    const { json } = await answerOf(`${url}/info`);
    expect(json.actions).toEqual({ invalidate: false, clear: false, warm: false });
  });

  it('has to be true or false', async () => {
    const { AIResponseCache, statsRouter } = await packageOn(express);
    const attempt = (): unknown =>
      statsRouter(new AIResponseCache({ telemetry: false }), { authorize: 'none', readOnly: 'yes' as never });
    expect(attempt).toThrow('Option "readOnly" is "yes". Allowed: true or false.');
  });
});
