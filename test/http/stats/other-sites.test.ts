import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { listen, rawRequest } from '../../support/http.ts';
import { ALL, fill, left, openCache, packageOn, type Package } from './managed-site.ts';

describe.each(expressVersions)('a change that a browser sends on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  /** Sends headers as they are, to each route that changes something; resolves to the statuses and what is left. */
  async function change(
    headers: readonly string[],
    { trustProxy = false, host = 'cache.example' }: { trustProxy?: unknown; host?: string } = {},
  ): Promise<{ statuses: number[]; left: string[] }> {
    const cache = openCache(from);
    await fill(cache);
    const app = express().set('trust proxy', trustProxy);
    app.use('/cache', from.statsRouter(cache, { authorize: 'none' }));
    const server = await listen(app);
    onTestFinished(() => server.close());
    const send = async (line: string, body = ''): Promise<number> => {
      const type = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`];
      const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, ...type];
      const answer = await rawRequest(server.port, `${head.join('\r\n')}\r\n\r\n${body}`);
      return Number(answer.toString('latin1').split(' ')[1]);
    };
    const statuses = [
      await send('POST /cache/warm', '{"items":[{"request":{"text":"x"},"response":"y"}]}'),
      await send('DELETE /cache/invalidate?collection=docs'),
      await send('DELETE /cache/clear?confirm=ai_cache'),
    ];
    return { statuses, left: await left(cache) };
  }

  it.each([
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: SAME-ORIGIN'],
    ['Sec-Fetch-Site: something-new'],
    ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: cross-site', 'Origin: http://cache.example'],
    ['Sec-Fetch-Site: same-origin', 'Origin: http://evil.example'],
    ['Origin: http://evil.example'],
    ['Origin: http://cache.example.evil.example'],
    ['Origin: http://sub.cache.example'],
    ['Origin: http://cache.example:8080'],
    ['Origin: http://cache.example@evil.example'],
    ['Origin: null'],
    ['Origin: '],
    ['Origin: cache.example'],
    ['Origin: chrome-extension://cache.example'],
    ['Origin: http://cache.example', 'Origin: http://evil.example'],
    ['Origin: http://evil.example', 'X-Forwarded-Host: evil.example'],
  ])('is refused with %s %s', async (...headers) => {
    const { statuses, left: kept } = await change(headers.filter((header) => typeof header === 'string'));
    expect(statuses).toEqual([403, 403, 403]);
    expect(kept).toEqual(ALL);
  });

  it.each([
    ['no word of where it comes from'],
    ['the own host', 'Sec-Fetch-Site: same-origin', 'Origin: http://cache.example'],
    ['the own host, TLS ended in front', 'Origin: https://cache.example'],
    ['the own host in other letters', 'Origin: http://CACHE.example'],
    ['an address typed in', 'Sec-Fetch-Site: none'],
  ])('is done with %s', async (_, ...headers) => {
    const { statuses, left: kept } = await change(headers.filter((header) => typeof header === 'string'));
    expect(statuses).toEqual([200, 200, 200]);
    expect(kept).toEqual([]);
  });

  it.each([
    ['cache.example:8080', 'http://cache.example:8080', 200],
    ['cache.example:80', 'http://cache.example', 200],
    ['[::1]:3000', 'http://[::1]:3000', 200],
    ['cache.example:8080', 'http://cache.example', 403],
    ['cache.example/evil.example', 'http://cache.example', 403],
    ['x@evil.example', 'http://evil.example', 403],
  ])('at the host %s from %s → %i', async (host, origin, status) => {
    const { statuses } = await change([`Origin: ${origin}`], { host });
    expect(statuses).toEqual([status, status, status]);
  });

  it.each([
    [true, 'Origin: https://public.example', 200],
    [true, 'Origin: https://inner.example', 403],
    [false, 'Origin: https://public.example', 403],
    [false, 'Origin: https://inner.example', 200],
    ['loopback', 'Origin: https://public.example', 200],
    [(address: string) => address === '10.1.1.1', 'Origin: https://public.example', 403],
  ])(
    'with the setting "trust proxy" %s, forwarded for public.example to inner.example, with %s → %i',
    async (trustProxy, origin, status) => {
      const forwarded = 'X-Forwarded-Host: public.example, proxy.example';
      const { statuses } = await change([origin, forwarded], { trustProxy, host: 'inner.example' });
      expect(statuses).toEqual([status, status, status]);
    },
  );

  it('asks authorize only where it may be done, and reading is open to all sites', async () => {
    const asked: string[] = [];
    const cache = openCache(from);
    const app = express().use(
      from.statsRouter(cache, {
        authorize: (_req, action) => {
          asked.push(action);
          return true;
        },
      }),
    );
    const server = await listen(app);
    onTestFinished(() => server.close());
    const headers = { Origin: 'https://evil.example' };
    expect((await fetch(`${server.url}/clear?confirm=ai_cache`, { method: 'DELETE', headers })).status).toBe(403);
    expect(asked).toEqual([]);
    const stats = await fetch(`${server.url}/stats`, { headers });
    expect([stats.status, stats.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });
});
