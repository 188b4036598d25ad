import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { observedApp, type ObservedApp } from './observed-app.ts';
import { live, picture, visit } from './visit.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function busyApp(): Promise<ObservedApp> {
  const app = await observedApp();
  await app.askInTurn('a', 'b', 'a', 'c', 'b', 'a', 'fail');
  await app.ask('a', 'a-model-with-a-name-that-is-so-long-that-it-fits-on-no-telephone-in-the-world-2026-11-22');
  return app;
}

/** What axe finds that is serious or worse, as lines. */
async function seriousIssues(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(async () =>
    (globalThis as never as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
}

const WIDTHS = [
  ['phone', 360],
  ['tablet', 800],
  ['desktop', 1_280],
] as const;

describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
  it.each(WIDTHS)('fits a %s, %i pixels wide', async (name, width) => {
    const app = await busyApp();
    const page = await live(await visit(browser, app.dashboard, { colorScheme, viewport: { width, height: 800 } }));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await picture(page, `${name}-${colorScheme}`);
  });

  it('has nothing that axe-core finds serious', async () => {
    const app = await busyApp();
    const page = await live(await visit(browser, app.dashboard, { colorScheme }));
    await page.locator('details').evaluateAll((all) => all.forEach((details) => details.toggleAttribute('open', true)));
    expect(await seriousIssues(page)).toEqual([]);
  });

  it('has a background and texts of that theme', async () => {
    const app = await busyApp();
    const page = await live(await visit(browser, app.dashboard, { colorScheme }));
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(background).toBe(colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(245, 246, 248)');
  });
});

it.each([360, 641, 1_081])('cuts off no figure however large it is, %i pixels wide', async (width) => {
  const app = await busyApp();
  const page = await visit(browser, app.dashboard, { viewport: { width, height: 800 } });
  const saved = { usd: 12_345_678.9, inputTokens: 9.87e15, outputTokens: 1.2e15, seconds: 9.87e9, unknown: 123_456 };
  await page.route('**/stats', async (route) => {
    const response = await route.fetch();
    const stats = (await response.json()) as object;
    await route.fulfill({ response, json: { ...stats, hits: 123_456_789_012, saved } });
  });
  await page.reload();
  await live(page);
  expect(await page.locator('#tile-usd').innerText()).toContain('12.35M');
  const cut = await page
    .locator('.tile')
    .evaluateAll((tiles) => tiles.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.id));
  expect(cut).toEqual([]);
});

it('follows the theme while it is open, the drawings too', async () => {
  const app = await busyApp();
  const page = await live(await visit(browser, app.dashboard, { colorScheme: 'light' }));
  const drawing = (): Promise<string> =>
    page.locator('#requests-chart canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const light = await drawing();
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(drawing).not.toBe(light);
});

it('can be used with the keyboard alone', async () => {
  const app = await busyApp();
  const page = await live(await visit(browser, app.dashboard));
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the figures');
  await page.getByRole('radio', { name: '1 hour' }).focus();
  await page.keyboard.press('ArrowLeft');
  expect(await page.getByRole('radio', { name: '15 min' }).isChecked()).toBe(true);
  expect(await page.locator('#requests-chart').getAttribute('aria-label')).toContain('over the last 15 minutes');
});
