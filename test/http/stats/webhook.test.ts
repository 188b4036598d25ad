import type { RequestHandler } from 'express';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { CollectionWebhookOptions } from '../../../src/stats/index.ts';
import { expressVersions } from '../../support/express.ts';
import { ALL, answerOf, fill, left, openCache, packageOn, served, type Answer, type Package } from './managed-site.ts';

const SECRET = 'a secret of enough bytes';
const OTHER = 'another secret, the next one';
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe.each(expressVersions)('collectionWebhook on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  interface Asking {
    readonly options?: Partial<CollectionWebhookOptions>;
    readonly headers?: Record<string, string>;
    readonly before?: readonly RequestHandler[];
    readonly method?: string;
    readonly cache?: Parameters<Package['collectionWebhook']>[0];
  }

  async function call(body: unknown, asking: Asking = {}): Promise<Answer> {
    const { options, headers = { 'x-webhook-secret': SECRET, ...JSON_TYPE }, before = [], method = 'POST' } = asking;
    const app = express();
    for (const handler of before) app.use(handler);
    const cache = asking.cache ?? openCache(from);
    const url = await served(app.use('/cache/changed', from.collectionWebhook(cache, { secret: SECRET, ...options })));
    const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    return answerOf(`${url}/changed`, { method, headers, ...(sent === undefined ? {} : { body: sent }) });
  }

  it.each([
    ['no parser', []],
    ['express.json()', [express.json()]],
    ['express.text()', [express.text({ type: '*/*' })]],
  ] as const)('removes the collection of a Directus event, behind %s', async (_, before) => {
    const cache = openCache(from);
    await fill(cache);
    const event = { event: 'docs.items.update', collection: 'docs', keys: ['1', 2], payload: { title: 'New' } };
    const { status, headers, json } = await call(event, { cache, before });
    expect([status, json]).toEqual([200, { removed: 2 }]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await left(cache)).toEqual(ALL.filter((name) => !['gpt', 'haiku'].includes(name)));
  });

  it.each([
    [{ collection: 'docs' }, 2],
    [{ collections: ['docs', 'news'] }, 3],
    [{ event: 'items.create', collection: 'news', key: 7 }, 1],
    [{ collection: 'a*' }, 1],
    [{ collection: 'nobody' }, 0],
    [{ collections: ['nobody', 'no one'] }, 0],
  ])('removes what %j names: %i', async (body, removed) => {
    const cache = openCache(from);
    await fill(cache);
    const { status, json } = await call(body, { cache });
    expect([status, json]).toEqual([200, { removed }]);
    expect(await left(cache)).toHaveLength(ALL.length - removed);
  });

  it.each([
    [{}],
    [[]],
    [null],
    ['docs'],
    [{ collection: '' }],
    [{ collection: 7 }],
    [{ collection: null }],
    [{ collection: 'x'.repeat(1_001) }],
    [{ collections: [] }],
    [{ collections: 'docs' }],
    [{ collections: ['docs', ''] }],
    [{ collections: Array.from({ length: 101 }, String) }],
    [{ collection: 'docs', collections: ['news'] }],
    [{ Collection: 'docs' }],
  ])('refuses %j, says what to send, and removes nothing', async (body) => {
    const cache = openCache(from);
    await fill(cache);
    const { status, headers, json } = await call(JSON.stringify(body), { cache });
    expect([status, json.parameter]).toEqual([400, 'collection']);
    expect(json.detail).toContain('{"collection": "…"}');
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await left(cache)).toEqual(ALL);
  });

  it.each([
    [{}],
    [{ 'x-webhook-secret': '' }],
    [{ 'x-webhook-secret': SECRET.slice(0, -1) }],
    [{ 'x-webhook-secret': `${SECRET}x` }],
    [{ 'x-webhook-secret': SECRET.toUpperCase() }],
    [{ 'x-webhook-secret': `${SECRET}, ${SECRET}` }],
    [{ 'x-other': SECRET }],
    [{ authorization: SECRET }],
  ])('is 401 without the secret, whatever the body: %j', async (headers) => {
    const cache = openCache(from);
    await fill(cache);
    for (const body of [{ collection: 'docs' }, '{', ' '.repeat(1_100_000)]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, headers: said, text } = await call(body, { cache, headers: { ...JSON_TYPE, ...headers } });
      expect(status).toBe(401);
      expect(said.get('www-authenticate')).toBe('SharedSecret header="x-webhook-secret"');
      expect(said.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(text).not.toContain(SECRET);
    }
    expect(await left(cache)).toEqual(ALL);
  });

  it('takes the secret in another header, and not in the usual one then', async () => {
    const options = { header: 'X-Directus-Secret' };
    const sent = { ...JSON_TYPE, 'x-directus-secret': SECRET };
    expect((await call({ collection: 'docs' }, { options, headers: sent })).status).toBe(200);
    expect((await call({ collection: 'docs' }, { options })).status).toBe(401);
  });

  it('takes any of several secrets, so that one can take the place of another', async () => {
    const options = { secret: [OTHER, SECRET] };
    const statusOf = async (secret: string): Promise<number> =>
      (await call({ collection: 'docs' }, { options, headers: { ...JSON_TYPE, 'x-webhook-secret': secret } })).status;
    expect([await statusOf(SECRET), await statusOf(OTHER), await statusOf('a third that nobody knows')]).toEqual([
      200, 200, 401,
    ]);
  });

  it('takes a secret beyond ASCII as its bytes in UTF-8', async () => {
    const secret = 'geheimnisvolle Größe 🔑';
    const bytes = Buffer.from(secret).toString('latin1');
    const headers = { ...JSON_TYPE, 'x-webhook-secret': bytes };
    expect((await call({ collection: 'docs' }, { options: { secret }, headers })).status).toBe(200);
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('does nothing for %s', async (method) => {
    const cache = openCache(from);
    const invalidate = vi.spyOn(cache, 'invalidate');
    const body = method === 'GET' || method === 'HEAD' ? undefined : { collection: 'docs' };
    const { status, headers } = await call(body, { cache, method });
    expect([status, headers.get('allow')]).toEqual([method === 'OPTIONS' ? 204 : 405, 'POST, OPTIONS']);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(invalidate).not.toHaveBeenCalled();
  });

  it('takes JSON alone, and no more than 1 MiB of it', async () => {
    const headers = { 'x-webhook-secret': SECRET, 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await call('collection=docs', { headers })).status).toBe(415);
    expect((await call({ collection: 'docs', payload: 'x'.repeat(1_048_576) })).status).toBe(413);
    expect((await call('{"collection": canary')).text).not.toContain('canary');
  });

  it('says 500 and nothing more where the cache fails', async () => {
    const cache = { invalidate: () => Promise.reject(new Error('canary')) };
    const { status, text } = await call({ collection: 'docs' }, { cache });
    expect(status).toBe(500);
    expect(text).not.toContain('canary');
  });

  it.each([
    [undefined, 'is undefined'],
    [{}, 'is missing'],
    [{ secret: '' }, 'is 0 bytes long'],
    [{ secret: 'fifteen bytes..' }, 'is 15 bytes long'],
    [{ secret: [] }, 'is an empty array'],
    [{ secret: [SECRET, 'short'] }, 'is 5 bytes long'],
    [{ secret: 1_234_567_890_123_456 }, 'is 1234567890123456'],
    [{ secret: `${SECRET}\n` }, 'is not as a header can carry it'],
    [{ secret: `${SECRET}\n${SECRET}` }, 'is not as a header can carry it'],
  ])('is not made with a secret that is none: %j', (options, words) => {
    const attempt = (): unknown => from.collectionWebhook(openCacheless(), options as never);
    const said = words.replace('is undefined', 'is missing');
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option: 'secret' }) as Error);
    expect(attempt).toThrow(`The option "secret" of collectionWebhook() ${said}. Give at least 16`);
    expect(attempt).not.toThrow(SECRET);
  });

  it('is made with 16 bytes, which may be fewer characters', () => {
    expect(from.collectionWebhook(openCacheless(), { secret: '🔑🔑🔑🔑' })).toBeTypeOf('function');
  });

  it.each([
    [{ secret: SECRET, header: 'x webhook' }, 'INVALID_OPTION', 'header'],
    [{ secret: SECRET, header: '' }, 'INVALID_OPTION', 'header'],
    [{ secret: SECRET, header: 7 }, 'INVALID_OPTION', 'header'],
    [{ secret: SECRET, headr: 'x' }, 'UNKNOWN_OPTION', 'headr'],
  ])('is not made with %j', (options, code, option) => {
    const attempt = (): unknown => from.collectionWebhook(openCacheless(), options as never);
    expect(attempt).toThrow(expect.objectContaining({ code, option }) as Error);
  });

  it.each([undefined, {}, 'cache'])('is not made of a cache that is none: %j', (cache) => {
    const attempt = (): unknown => from.collectionWebhook(cache as never, { secret: SECRET });
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option: 'cache' }) as Error);
  });
});

function openCacheless(): { invalidate: () => Promise<{ removed: number }> } {
  return { invalidate: () => Promise.resolve({ removed: 0 }) };
}
