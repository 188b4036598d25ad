import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { launchChromium } from './chromium.ts';
import { observedApp } from './observed-app.ts';
import { live, picture, tile, visit } from './visit.ts';

let browser: Browser;
let redis: RedisServer;

beforeAll(async () => {
  [browser, redis] = await Promise.all([launchChromium(), startRedis()]);
});
afterAll(() => Promise.all([browser.close(), redis.stop()]));

describe('the dashboard of a cache with Redis', () => {
  it('shows its state, its memory, its breaker and how long it takes', async () => {
    const app = await observedApp({ cache: { redis: redis.url, redisTimeoutMs: 5_000, namespace: 'shown' } });
    await app.askInTurn('a', 'b', 'a');
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.locator('#redis-state').innerText()).toBe('Ready');
    const card = await page.locator('#redis').innerText();
    expect(card).toMatch(/[KM]iB used by Redis, no limit set/);
    expect(card).toMatch(/Breaker\s+Closed: calls pass/);
    expect(card).toMatch(/Version\s+\d+\./);
    expect(card).toMatch(/Get p50 \/ p95\s+[\d.]+ (µs|ms) \/ [\d.]+ (µs|ms)/);
    await picture(page, 'redis');
  });

  it('says that it goes on without it when it is away', async () => {
    const own = await startRedis();
    const app = await observedApp({ cache: { redis: own.url, redisTimeoutMs: 5_000 } });
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    await page.getByText('Healthy').waitFor();
    await own.stop();
    await app.ask('b');
    await page.clock.fastForward(5_000);
    await page.getByText('Degraded: without Redis').waitFor();
    expect(await page.locator('#redis').innerText()).toContain('Redis cannot be asked now');
    expect(await page.locator('#errors').innerText()).toContain('REDIS_FAILED');
  });
});

describe('the choice between this process and the cluster', () => {
  it('shows the totals of all that share the Redis', async () => {
    const cache = { redis: redis.url, redisTimeoutMs: 5_000, namespace: 'chosen' };
    const [app, other] = await Promise.all([observedApp({ cache }), observedApp({ cache })]);
    await app.ask('a');
    await other.askInTurn('b', 'b');
    // What it counted is in Redis when it has closed.
    await other.cache.close();
    const page = await live(await visit(browser, app.dashboard));
    expect(await tile(page, 'requests')).toBe('1');
    await page.getByRole('radio', { name: 'Cluster' }).check();
    await page.getByRole('heading', { name: /^Totals of all processes/ }).waitFor();
    expect(await tile(page, 'requests')).toBe('3');
    expect(await tile(page, 'ratio')).toBe('33.3 %');
    await page.getByRole('radio', { name: 'This process' }).check();
    await page.getByRole('heading', { name: /^Totals of this process/ }).waitFor();
    expect(await tile(page, 'requests')).toBe('1');
  });

  it('is taken back with the reason where the API cannot say', async () => {
    const app = await observedApp({ cache: { redis: redis.url, redisTimeoutMs: 5_000, namespace: 'refused' } });
    const page = await live(await visit(browser, app.dashboard, { complaints: /status of 503/ }));
    const detail = 'The other processes do not answer.';
    await page.route('**/stats?across=cluster', (route) => route.fulfill({ status: 503, json: { detail } }));
    // It is unchecked again before a check could be seen.
    await page.getByText('Cluster', { exact: true }).click();
    await page.getByText(detail).waitFor();
    expect(await page.getByRole('radio', { name: 'This process' }).isChecked()).toBe(true);
    await page.unroute('**/stats?across=cluster');
    await page.getByRole('radio', { name: 'Cluster' }).check();
    await page.getByRole('heading', { name: /^Totals of all processes/ }).waitFor();
    expect(await page.getByText(detail).isVisible()).toBe(false);
  });

  it('is taken back where the API cannot say any longer, and what this process knows is shown', async () => {
    const own = await startRedis();
    const app = await observedApp({ cache: { redis: own.url, redisTimeoutMs: 5_000, namespace: 'gone' } });
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints: /status of 503/ }));
    await page.getByRole('radio', { name: 'Cluster' }).check();
    await page.getByRole('heading', { name: /^Totals of all processes/ }).waitFor();
    await own.stop();
    await app.ask('b');
    await page.clock.fastForward(5_000);
    await page.getByText('Degraded: without Redis').waitFor();
    await page.getByRole('heading', { name: /^Totals of this process/ }).waitFor();
    expect(await page.getByRole('radio', { name: 'This process' }).isChecked()).toBe(true);
    expect(await page.locator('#scope-reason').innerText()).toContain('Redis');
    expect(await page.locator('#trouble').isVisible()).toBe(false);
    expect(await tile(page, 'requests')).toBe('2');
  });

  it('is not there without Redis', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.getByRole('radio', { name: 'Cluster' }).count()).toBe(0);
  });
});
