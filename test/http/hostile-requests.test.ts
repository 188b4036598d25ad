import { Agent } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { partsOf } from '../../src/ai-response-cache.ts';
import { askRaw } from '../support/ask.ts';
import { cachedSite, type CachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { wireOf } from './wire.ts';

/** The bytes of all bodies that memory holds for these paths, decoded ones included. */
function bytesHeld({ cache, port }: CachedSite, paths: readonly { readonly path: string }[]): number {
  const { store, keys } = partsOf(cache);
  return paths.reduce((bytes, { path }) => {
    const found = store.peek(keys.keyFor({ text: '', target: `GET http://127.0.0.1:${port}${path}`, vary: {} }));
    return bytes + (found?.entry.body.length ?? 0) + (found?.entry.identity?.length ?? 0);
  }, 0);
}

const INJECTION = 'x\r\nSet-Cookie: stolen=1';

describe.each(expressVersions)('a request made to hurt on $name', ({ express }) => {
  it('with thousands of different texts keeps memory within its bounds', async () => {
    const site = await cachedSite(express, (req, res) => res.send('answer '.repeat(20) + req.path), {
      cache: { memory: { maxEntries: 100 }, compression: false },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const paths = Array.from({ length: 2_000 }, (_, index) => ({ path: `/${index}`, agent }));
    await site.askInTurn(...paths);
    const { memory } = (await site.cache.info()).tiers;
    expect(memory).toMatchObject({ entries: 100, maxEntries: 100 });
    expect(site.runs).toBe(2_000);
    expect((await site.ask({ path: '/1999' })).cacheStatus).toMatch(/^ai-cache; hit/);
    expect((await site.ask({ path: '/0' })).cacheStatus).toBe('ai-cache; fwd=miss; stored');
  });

  it('with long answers keeps memory within its bytes, also for clients that take no compression', async () => {
    const site = await cachedSite(express, (req, res) => res.type('txt').send(req.path.repeat(20_000)), {
      cache: { memory: { maxBytes: 1_000_000 } },
    });
    const paths = Array.from({ length: 40 }, (_, index) => ({ path: `/${index + 10}` }));
    await site.askInTurn(...paths, ...paths);
    const { memory } = (await site.cache.info()).tiers;
    expect(memory).toMatchObject({ limitBytes: 1_000_000 });
    expect(bytesHeld(site, paths)).toBeLessThanOrEqual(1_000_000);
  });

  it('for a body that only its decoded form makes large keeps that form out of memory', async () => {
    const site = await cachedSite(express, (_req, res) => res.type('txt').send('x'.repeat(200_000)), {
      cache: { memory: { maxEntryBytes: 100_000 } },
    });
    const answers = await site.askInTurn({}, {}, {}, {});
    expect(answers.map(({ body }) => body.length)).toEqual([200_000, 200_000, 200_000, 200_000]);
    await expect.poll(async () => (await site.ask()).cacheStatus, { timeout: 10_000 }).toMatch(/^ai-cache; hit/);
    expect(bytesHeld(site, [{ path: '/' }])).toBeLessThan(100_000);
  });

  it('that takes no compression brings no old answer back when a new one comes meanwhile', async () => {
    const long = (run: number): string => `${run} `.repeat(100_000);
    const site = await cachedSite(express, (_req, res, run) => res.type('txt').send(long(run)), {
      route: { refresh: (req) => req.headers['x-again'] !== undefined },
    });
    await site.ask();
    await expect
      .poll(async () => (await site.ask({ headers: { 'accept-encoding': 'br' } })).headers['content-encoding'])
      .toBe('br');
    // The first decodes the old body on another thread while the second makes a new answer.
    await Promise.all([site.ask(), site.ask({ headers: { 'x-again': '1' } })]);
    const answers = await site.askInTurn({}, {}, {});
    expect(answers.map(({ text }) => text.slice(0, 2))).toEqual(['2 ', '2 ', '2 ']);
    expect(site.runs).toBe(2);
  });

  it('with huge headers is refused by Node or keyed, and never breaks the cache', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}));
    const answers = await site.askInTurn(
      { headers: { authorization: 'a'.repeat(12_000) } },
      { headers: { authorization: 'a'.repeat(12_000) } },
      { headers: { cookie: 'a'.repeat(20_000) } },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 431]);
    expect(answers[1]?.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it('cannot put a field into a response through the handler, a hit included', async () => {
    const site = await cachedSite(express, (req, res) => {
      try {
        res.set('X-Echo', req.query.echo as string);
      } catch {
        res.set('X-Echo', 'refused');
      }
      res.json({});
    });
    const path = `/?echo=${encodeURIComponent(INJECTION)}`;
    const [first, hit] = [wireOf(await askRaw(site.port, path)), wireOf(await askRaw(site.port, path))];
    for (const { head } of [first, hit]) {
      expect(head).toContain('X-Echo: refused');
      expect(head.join('\n')).not.toContain('stolen');
    }
    expect(site.runs).toBe(1);
  });

  it('with a Host of strange characters has a key of its own', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const hosts = ['a.test/x', 'a.test', 'a.test%2Fx', 'a.test?x', 'a.test#x', '[::1]:80'];
    const sent = hosts.map((host) => ({ headers: { host }, path: '/x' }));
    const answers = await site.askInTurn(...sent, ...sent);
    expect(answers.map(({ text }) => text)).toEqual(
      [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6].map((run) => `{"run":${run}}`),
    );
  });

  it('cannot choose the host that counts by X-Forwarded-Host where no proxy is trusted', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const answers = await site.askInTurn(
      {},
      { headers: { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' } },
    );
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
  });

  it('by X-Forwarded-Host has a key of its own where the proxy is trusted', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, host: req.hostname }));
    site.app.set('trust proxy', true);
    const answers = await site.askInTurn({}, { headers: { 'x-forwarded-host': 'other.test' } });
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1,"host":"127.0.0.1"}', '{"run":2,"host":"other.test"}']);
  });

  it('by an absolute URL or a double slash is not another path’s request', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, url: req.url }));
    const paths = ['/a', '//a', '/a/', '/%61', '/a?', '/a#b', '/A'].map((path) => ({ path }));
    const answers = await site.askInTurn(...paths);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(paths.length);
    expect(site.runs).toBe(paths.length);
  });
});
