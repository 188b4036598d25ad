import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchChromium } from './chromium.ts';
import { observedApp } from './observed-app.ts';
import { live, tile, visit } from './visit.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** A proxy that knows the app under a prefix of its own and takes that off; returns its URL without a slash at the end. */
async function strippingProxy(target: number, prefix: string): Promise<string> {
  const proxy = createServer((req, res) => {
    const path = req.url ?? '/';
    if (!path.startsWith(prefix)) {
      res.writeHead(404).end();
      return;
    }
    const onward = request(
      {
        host: '127.0.0.1',
        port: target,
        path: path.slice(prefix.length) || '/',
        method: req.method,
        headers: req.headers,
      },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      },
    );
    req.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

describe('the dashboard works', () => {
  it.each(['/', '/ops', '/a/b%20c/d'])('mounted at %s', async (mount) => {
    const app = await observedApp({ mount });
    await app.ask('a');
    const page = await live(await visit(browser, `${app.url}${mount === '/' ? '' : mount}/`));
    expect(await tile(page, 'requests')).toBe('1');
  });

  it('without the slash at the end of its address, query and all', async () => {
    const app = await observedApp({ mount: '/admin/ops' });
    await app.ask('a');
    const page = await live(await visit(browser, `${app.url}/admin/ops?from=mail`));
    expect(new URL(page.url())).toMatchObject({ pathname: '/admin/ops/', search: '?from=mail' });
    expect(await tile(page, 'requests')).toBe('1');
  });

  it.each(['/tools/ai/ops/cache', '/tools/ai/ops/cache/'])(
    'behind a proxy that takes a prefix off: %s',
    async (path) => {
      const app = await observedApp();
      await app.ask('a');
      const proxy = await strippingProxy(app.port, '/tools/ai');
      const page = await live(await visit(browser, proxy + path));
      expect(new URL(page.url()).pathname).toBe('/tools/ai/ops/cache/');
      expect(await tile(page, 'requests')).toBe('1');
    },
  );
});
