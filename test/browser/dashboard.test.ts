import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/http.ts';
import { launchChromium } from './chromium.ts';
import { observedApp } from './observed-app.ts';
import { live, tile, visit } from './visit.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe('the dashboard', () => {
  it('shows the numbers of /stats', async () => {
    const app = await observedApp();
    await app.askInTurn('a', 'b', 'a', 'a', 'fail');
    await app.ask('a', 'other-model');
    expect(app.runs).toBe(4);
    const page = await live(await visit(browser, app.dashboard));
    const stats = app.cache.stats();
    expect(stats).toMatchObject({
      hits: 2,
      misses: 3,
      errors: 1,
      saved: { usd: 4, inputTokens: 2_000, outputTokens: 200 },
    });
    expect(await tile(page, 'ratio')).toBe('33.3 %');
    expect(await tile(page, 'requests')).toBe('6');
    expect(await tile(page, 'usd')).toBe('$4.00');
    expect(await tile(page, 'tokens')).toBe('2,200');
    expect(await page.locator('#requests-legend').innerText()).toMatch(
      /Hit\s+2\s+Coalesced\s+0\s+Stale\s+0\s+Miss\s+3\s+Error\s+1/,
    );
    const rows = await page.locator('#models tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).slice(0, 5))).toEqual([
      ['gpt-test', 'openai', '5', '40.0', '%'],
      ['other-model', 'openai', '1', '0', '%'],
    ]);
    expect(await page.locator('#percentiles tbody tr').count()).toBe(3);
    expect(await page.locator('#memory').innerText()).toContain('3 of 10,000');
    expect(await page.locator('#errors').innerText()).toContain('502');
    expect(await page.locator('#compression').innerText()).toMatch(/% smaller/);
    const uncached = await page.locator('#uncached').innerText();
    expect(uncached).toMatch(/error not stored\s+1\s+The handler threw, or answered with 429 or 5xx\./);
  });

  it('draws the requests on its canvas, and gives the same figures as a table', async () => {
    const app = await observedApp();
    await app.askInTurn('a', 'a', 'b');
    const page = await live(await visit(browser, app.dashboard));
    const isPainted = await page.locator('#requests-chart canvas').evaluate((canvas: HTMLCanvasElement) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      // The green of hits.
      for (let at = 0; at < pixels.length; at += 4) {
        if (pixels[at] === 0x10 && pixels[at + 1] === 0xa3 && pixels[at + 2] === 0x7f) return true;
      }
      return false;
    });
    expect(isPainted).toBe(true);
    expect(await page.locator('#requests-chart').getAttribute('aria-label')).toContain(
      'Hit 1, Coalesced 0, Stale 0, Miss 2',
    );
    await page.getByText('Requests by result as a table').click();
    expect(await page.locator('#requests-data tbody tr').first().innerText()).toMatch(/^\d\d:\d\d\s+1\s+0\s+0\s+2/);
  });

  it('shows new figures by itself, and none while it is paused', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    expect(await tile(page, 'requests')).toBe('0');
    await app.ask('a');
    await page.clock.fastForward(5_000);
    await page.locator('#tile-requests .value', { hasText: /^1$/ }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await app.ask('a');
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.clock.fastForward(60_000);
    expect(asked).toBe(0);
    await page.getByRole('button', { name: 'Pause', pressed: true }).click();
    await page.locator('#tile-requests .value', { hasText: /^2$/ }).waitFor();
  });

  it('asks for nothing while it is hidden, and at once when it is seen again', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    const turn = (hidden: boolean): Promise<void> =>
      page.evaluate((isHidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await turn(true);
    await app.ask('a');
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.clock.fastForward(60_000);
    expect(asked).toBe(0);
    await turn(false);
    await page.locator('#tile-requests .value', { hasText: /^1$/ }).waitFor();
  });

  it('draws the time before it was opened at once', async () => {
    const app = await observedApp();
    await app.askInTurn('a', 'a', 'a');
    const page = await live(await visit(browser, app.dashboard));
    await page.reload();
    await live(page);
    expect(await page.locator('#requests-legend').innerText()).toMatch(/Hit\s+2/);
  });

  it('says what to do where there was no request yet', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    expect(await page.getByRole('heading', { name: 'No requests yet' }).isVisible()).toBe(true);
    expect(await page.locator('#requests-chart').innerText()).toContain('No requests in the last hour');
    await app.ask('a');
    await page.clock.fastForward(5_000);
    await page.getByRole('heading', { name: 'No requests yet' }).waitFor({ state: 'hidden' });
  });

  it('shows what a caller chose as text, never as markup', async () => {
    const app = await observedApp();
    const name = '<img src=x onerror=alert(1)>';
    await app.ask('a', name);
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.locator('#models .model').textContent()).toBe(name);
    expect(await page.locator('main img').count()).toBe(0);
  });

  it('finds models by a part of their name, and shows few of many', async () => {
    const app = await observedApp();
    await Promise.all(Array.from({ length: 12 }, (_, index) => app.ask('a', `model-${index + 1}`)));
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.locator('#models tbody tr').count()).toBe(8);
    await page.getByRole('button', { name: 'Show all 12' }).click();
    expect(await page.locator('#models tbody tr').count()).toBe(12);
    await page.getByPlaceholder('Filter').fill('model-12');
    expect(await page.locator('#models .model').allTextContents()).toEqual(['model-12']);
    await page.getByPlaceholder('Filter').fill('nobody');
    expect(await page.locator('#models-empty').innerText()).toBe('No provider or model has “nobody” in its name.');
  });
});

describe('when the application does not answer', () => {
  const complaints = /Failed to load resource/;

  it('keeps the figures, says so, asks again more and more seldom, and recovers', async () => {
    const app = await observedApp();
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints }));
    await page.route('**/stats', (route) => route.abort());
    await page.clock.fastForward(5_000);
    const alert = page.getByRole('alert').filter({ hasText: 'The application cannot be reached.' });
    await alert.waitFor();
    expect(await alert.innerText()).toContain('The next try is in 10 seconds.');
    expect(await tile(page, 'requests')).toBe('1');
    expect(await page.locator('#health').innerText()).toBe('Not known');
    await page.clock.fastForward(10_000);
    await page.getByText('The next try is in 20 seconds.').waitFor();
    await page.unroute('**/stats');
    await app.ask('a');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#tile-requests .value', { hasText: /^2$/ }).waitFor();
    expect(await alert.isVisible()).toBe(false);
    expect(await page.locator('#health').innerText()).toBe('Healthy');
  });

  it('does not say that what it draws anew is new', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints }));
    const updated = await page.locator('#updated').innerText();
    await page.route('**/stats', (route) => route.abort());
    await page.clock.fastForward(5_000);
    await page.getByText('The next try is in 10 seconds.').waitFor();
    await page.getByText('15 min').click();
    await page.getByText('No requests in the last 15 minutes').first().waitFor();
    expect(await page.locator('#updated').innerText()).toBe(updated);
    expect(await page.locator('#health').innerText()).toBe('Not known');
    expect(await page.locator('body').getAttribute('data-state')).toBe('stale');
  });

  it('promises no next try while it is paused', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints }));
    await page.route('**/stats', (route) => route.abort());
    await page.clock.fastForward(5_000);
    await page.getByText('The next try is in 10 seconds.').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The page is paused.').waitFor();
    expect(await page.locator('#trouble-text').innerText()).not.toContain('next try');
  });

  it('takes an answer that breaks off for no login page', async () => {
    const app = await observedApp();
    const { url, close } = await listen((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 100 });
      res.write('{"hits":', () => res.destroy());
    });
    onTestFinished(close);
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints }));
    await page.route('**/stats', (route) => route.continue({ url: `${url}/stats` }));
    await page.clock.fastForward(5_000);
    await page.getByText('The application cannot be reached. The next try is in 10 seconds.').waitFor();
  });

  it('says it at once where it has never been reached', async () => {
    const app = await observedApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route('**/info', (route) => route.abort());
    await page.goto(app.dashboard);
    await page.getByText('The application cannot be reached.').waitFor();
    expect(await page.locator('body').getAttribute('data-state')).toBe('loading');
    await context.close();
  });

  it('says that one has to sign in again where that is why', async () => {
    let isAllowed = true;
    const app = await observedApp({ authorize: () => isAllowed });
    const page = await live(await visit(browser, app.dashboard, { clock: true, complaints }));
    isAllowed = false;
    await page.clock.fastForward(5_000);
    await page.getByText('You may not see this. Sign in to the application again, then try again.').waitFor();
  });
});

describe('when a login page answers in place of the application', () => {
  it('says that one has to sign in again', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    await page.route('**/stats', (route) => route.fulfill({ contentType: 'text/html', body: '<form>Sign in</form>' }));
    await page.clock.fastForward(5_000);
    await page.getByText('Something else than the cache answered. Sign in to the application again').waitFor();
  });
});

describe('when the application sends one to a login page of another site', () => {
  it('says that one has to sign in again', async () => {
    const app = await observedApp();
    const page = await live(await visit(browser, app.dashboard, { clock: true }));
    const headers = { Location: 'https://login.example.com/' };
    await page.route('**/stats', (route) => route.fulfill({ status: 302, headers }));
    await page.clock.fastForward(5_000);
    await page.getByText('Something else than the cache answered. Sign in to the application again').waitFor();
  });
});

describe('somebody who may not look', () => {
  it('gets a page that says so and nothing else', async () => {
    const app = await observedApp({ authorize: () => false });
    const page = await visit(browser, app.dashboard, { complaints: /status of 403/ });
    expect(await page.locator('main').innerText()).toContain('You may not see this.');
    const { status } = await page.evaluate(async () => ({ status: (await fetch('assets/main.js')).status }));
    expect(status).toBe(403);
  });
});
