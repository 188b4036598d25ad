import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

export interface VisitOptions extends BrowserContextOptions {
  /** What the test itself makes the browser complain of. Default: it must not complain of anything. */
  readonly complaints?: RegExp;
  /** Time goes on by itself; `page.clock.fastForward` leaps. */
  readonly clock?: true;
}

const SCREENSHOTS = join(import.meta.dirname, '../../screenshots');

/**
 * Opens a page until the test is over. The test fails if the console has an error or a warning, a script throws, or a request
 * goes to another origin than the page's.
 */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Page> {
  const { complaints, clock, ...settings } = options;
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`thrown: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) faults.push(`left the origin: ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    const unexpected = faults.filter((fault) => complaints?.test(fault) !== true);
    if (unexpected.length > 0) throw new Error(`The page is not clean:\n${unexpected.join('\n')}`);
  });
  if (clock) await page.clock.install();
  await page.goto(url);
  return page;
}

/** Waits until the page has shown its first figures. */
export async function live(page: Page): Promise<Page> {
  await page.locator('body[data-state="live"]').waitFor();
  return page;
}

/** Writes a picture of the page to screenshots/: all of it, or what the window shows. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage, animations: 'disabled' });
}

/** The text of a tile's number. */
export async function tile(page: Page, id: string): Promise<string> {
  return (await page.locator(`#tile-${id} .value`).textContent()) ?? '';
}
