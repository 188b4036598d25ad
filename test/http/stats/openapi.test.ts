import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { AIResponseCache } from '../../../src/index.ts';
import { expressVersions } from '../../support/express.ts';
import { startRedis } from '../../support/redis-server.ts';
import { answerOf, fill, mounted, openCache, packageOn, type Answer, type Package } from './managed-site.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: object }>>;
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

async function documentOf(url: string): Promise<Document> {
  return (await answerOf(`${url}/openapi.json`)).json as unknown as Document;
}

/** Does a value fit a schema of the document? JSON Schema 2020-12, with the document's components. */
function faults(document: Document, schema: object, value: unknown): readonly unknown[] {
  const standalone = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const validator = z.fromJSONSchema(JSON.parse(standalone.replaceAll('#/components/schemas/', '#/$defs/')));
  return validator.safeParse(value).error?.issues ?? [];
}

/** What is wrong with an answer by the document: its status, its type, its body. */
function misfits(document: Document, method: string, path: string, answer: Answer): readonly unknown[] {
  const response = document.paths[path]?.[method]?.responses[answer.status];
  if (response === undefined) return [`${method} ${path} ${answer.status} is not described`];
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = response.content[type]?.schema;
  return schema === undefined ? [`${type} is not described`] : faults(document, schema, answer.json);
}

describe.each(expressVersions)('GET /openapi.json on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  it('is OpenAPI 3.1, by a URL that is right wherever the router is mounted', async () => {
    const url = await mounted(from, express, openCache(from));
    const document = await documentOf(url);
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'express-ai-cache', version: expect.stringMatching(/^\d/) as string });
    const base = new URL(document.servers[0]?.url ?? '', `${url}/openapi.json`).href;
    expect(base).toBe(`${url}/`);
  });

  it('names the routes and methods there are, and no other', async () => {
    const url = await mounted(from, express, openCache(from));
    const { paths } = await documentOf(url);
    const named = Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods).join()]);
    expect(Object.fromEntries(named)).toEqual({
      '/stats': 'get',
      '/performance': 'get',
      '/performance/history': 'get',
      '/info': 'get',
      '/health': 'get',
      '/openapi.json': 'get',
      '/invalidate': 'delete',
      '/clear': 'delete',
      '/warm': 'post',
    });
    for (const [path, methods] of Object.entries(paths)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { headers } = await answerOf(url + path, { method: 'OPTIONS' });
      const allowed = headers.get('allow')?.toLowerCase().split(', ') ?? [];
      expect(allowed.filter((method) => method !== 'options' && method !== 'head')).toEqual(Object.keys(methods));
    }
  });

  it('describes nothing that changes the cache where it is read-only, schemas included', async () => {
    const url = await mounted(from, express, openCache(from), { authorize: 'none', readOnly: true });
    const { paths, components } = await documentOf(url);
    expect(new Set(Object.values(paths).flatMap((methods) => Object.keys(methods)))).toEqual(new Set(['get']));
    expect(Object.keys(components.schemas)).toEqual(['Stats', 'Performance', 'History', 'Info', 'Health', 'Problem']);
    expect(Object.keys(paths)).not.toContain('/warm');
  });

  it('has each name once, a text for each answer, and a component for each reference', async () => {
    const document = await documentOf(await mounted(from, express, openCache(from)));
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map((operation) => (operation as { operationId?: string }).operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const { description } of operations.flatMap(({ responses }) => Object.values(responses)))
      expect(description).toMatch(/\w/);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(new Set(references.map(([, name]) => name))).toEqual(new Set(Object.keys(document.components.schemas)));
  });

  const BODY = JSON.stringify({
    items: [
      { request: { text: 'a' }, response: 'b' },
      { request: { text: 'c' }, response: { headers: { 'a b': '' }, body: '' } },
    ],
  });
  const REQUESTS: readonly (readonly [
    method: string,
    path: string,
    query: string,
    init: RequestInit,
    status: number,
  ])[] = [
    ['get', '/stats', '', {}, 200],
    ['get', '/stats', '?provider=openai&model=gpt', {}, 200],
    ['get', '/stats', '?across=process', {}, 200],
    ['get', '/stats', '?across=all', {}, 400],
    ['get', '/stats', '?provider=', {}, 400],
    ['get', '/performance', '', {}, 200],
    ['get', '/performance/history', '', {}, 200],
    ['get', '/info', '', {}, 200],
    ['get', '/health', '', {}, 200],
    ['get', '/health', '?a=b', {}, 400],
    ['get', '/openapi.json', '', {}, 200],
    ['delete', '/invalidate', '?provider=openai&provider=mistral&tag=a', {}, 200],
    ['delete', '/invalidate', '', {}, 400],
    ['delete', '/invalidate', '?colection=a', {}, 400],
    ['delete', '/invalidate', '?tag=a', { headers: { 'Sec-Fetch-Site': 'cross-site' } }, 403],
    ['post', '/warm', '', { headers: JSON_TYPE, body: BODY }, 200],
    ['post', '/warm', '', { headers: JSON_TYPE, body: '{}' }, 400],
    ['post', '/warm', '', { body: 'text' }, 415],
    ['post', '/warm', '', { headers: JSON_TYPE, body: ' '.repeat(1_048_577) }, 413],
    ['delete', '/clear', '?confirm=other', {}, 400],
    ['delete', '/clear', '?confirm=ai_cache', {}, 200],
  ];

  /** Asks for all of this after the other and holds the answers against the document. */
  async function expectDescribed(url: string, cache: AIResponseCache): Promise<void> {
    const document = await documentOf(url);
    await fill(cache);
    for (const [method, path, query, init, status] of REQUESTS) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await answerOf(url + path + query, { method: method.toUpperCase(), ...init });
      expect([path, query, answer.status]).toEqual([path, query, status]);
      expect({ path, query, faults: misfits(document, method, path, answer) }).toEqual({ path, query, faults: [] });
    }
  }

  it('describes what the routes answer, without Redis', async () => {
    const cache = openCache(from);
    await expectDescribed(await mounted(from, express, cache), cache);
  });

  it('describes what they answer with Redis, with little in it, and without its word', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const cache = openCache(from, { redis: redis.url, redisTimeoutMs: 10_000, memory: false, compression: false });
    await cache.connect();
    const url = await mounted(from, express, cache);
    await expectDescribed(url, cache);
    const document = await documentOf(url);
    const shared = await answerOf(`${url}/stats?across=cluster`);
    expect([shared.status, misfits(document, 'get', '/stats', shared)]).toEqual([200, []]);
    await redis.kill();
    for (const [method, path, query, status] of [
      ['get', '/info', '', 200],
      ['get', '/health', '', 200],
      ['get', '/stats', '', 200],
      ['get', '/stats', '?across=cluster', 503],
      ['delete', '/invalidate', '?tag=a', 503],
      ['delete', '/clear', '?confirm=ai_cache', 503],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await answerOf(url + path + query, { method: method.toUpperCase() });
      expect([path, answer.status, misfits(document, method, path, answer)]).toEqual([path, status, []]);
    }
  });

  it('describes what the routes take', async () => {
    const url = await mounted(from, express, openCache(from));
    const document = await documentOf(url);
    const schema = document.paths['/warm']?.['post']?.requestBody?.content['application/json']?.schema ?? {};
    for (const body of [
      JSON.parse(BODY) as unknown,
      { items: [] },
      { items: [{ request: {}, response: 1 }] },
      { items: [{ request: { text: 'a' } }] },
      { items: [{ request: { text: 'a', colection: 'b' }, response: 1 }] },
      { items: [{ request: { text: 'a', options: { a: [1] } }, response: null, ttlSeconds: 0 }] },
      { items: [{ request: { text: 'a' }, response: null, ttlSeconds: -1 }] },
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status } = await answerOf(`${url}/warm`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: JSON.stringify(body),
      });
      expect([body, status]).toEqual([body, faults(document, schema, body).length === 0 ? 200 : 400]);
    }
    const named = document.paths['/invalidate']?.['delete']?.parameters ?? [];
    for (const { name } of named) {
      const value = name === 'key' ? '0'.repeat(64) : 'x';
      const query = `${name}=${value}&${name}=${value}`;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { json } = await answerOf(`${url}/invalidate?${query}`, { method: 'DELETE' });
      expect(json).toEqual({ removed: 0 });
    }
    expect(named.map(({ name }) => name)).toEqual(['provider', 'model', 'operation', 'collection', 'tag', 'key']);
  });

  it('finds fault with an answer that does not fit, or the tests above say nothing', async () => {
    const url = await mounted(from, express, openCache(from));
    const document = await documentOf(url);
    const answer = await answerOf(`${url}/stats`);
    const other = { ...answer, json: { ...answer.json, extra: 1 } };
    const missing = { ...answer, json: { ...answer.json, saved: undefined } };
    const elsewhere = { ...answer, status: 418 };
    for (const wrong of [other, missing, elsewhere]) expect(misfits(document, 'get', '/stats', wrong)).not.toEqual([]);
  });
});
