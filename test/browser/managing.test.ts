import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { observedApp, type ObservedApp } from './observed-app.ts';
import { live, picture, visit } from './visit.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function entriesOf(app: ObservedApp): Promise<number> {
  const { memory } = (await app.cache.info()).tiers;
  return memory === false ? 0 : memory.entries;
}

/** How often the page asked for a change. */
function changesOf(page: Page): string[] {
  const changes: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') changes.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  return changes;
}

describe('invalidating from the dashboard', () => {
  it('shows what will go, asks once more, removes it and says how much that was', async () => {
    const app = await observedApp();
    await app.askInTurn('a', 'b');
    await app.ask('a', 'other-model');
    expect(await entriesOf(app)).toBe(3);
    const page = await live(await visit(browser, app.dashboard));
    const changes = changesOf(page);
    await page.getByRole('button', { name: 'Invalidate…', exact: true }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Invalidate entries' });
    await dialog.getByLabel('Model').fill('gpt-test');
    await dialog.getByRole('button', { name: 'Review' }).click();
    await dialog.getByText('Every entry with model “gpt-test” will be removed.').waitFor();
    expect(changes).toEqual([]);
    await picture(page, 'invalidate');
    await dialog.getByRole('button', { name: 'Remove these entries' }).click();
    await page.getByRole('status').filter({ hasText: '2 entries were removed.' }).waitFor();
    expect(await dialog.isVisible()).toBe(false);
    expect(await entriesOf(app)).toBe(1);
    expect(changes).toEqual(['DELETE /ops/cache/invalidate']);
    const runs = app.runs;
    await app.ask('a');
    expect(app.runs).toBe(runs + 1);
  });

  it('takes provider and model from a row of the table', async () => {
    const app = await observedApp();
    await app.ask('a', 'gpt <b>&amp;');
    const page = await live(await visit(browser, app.dashboard));
    await page.getByRole('button', { name: 'Invalidate openai gpt <b>&amp;' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Provider').inputValue()).toBe('openai');
    expect(await dialog.getByLabel('Model').inputValue()).toBe('gpt <b>&amp;');
    await dialog.getByRole('button', { name: 'Review' }).click();
    await dialog.getByRole('button', { name: 'Remove these entries' }).click();
    await page.getByText('1 entry was removed.').waitFor();
    expect(await entriesOf(app)).toBe(0);
  });

  it('is not offered for a model whose name a field cannot hold', async () => {
    const app = await observedApp();
    await Promise.all(['gpt', ' gpt', 'g\npt'].map((model) => app.ask('a', model)));
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.locator('#models tbody tr').count()).toBe(3);
    const offered = page.locator('#models .row-action');
    expect(await offered.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))).toEqual([
      'Invalidate openai gpt',
    ]);
  });

  it('shows what will go so that a name cannot turn round the words after it', async () => {
    const app = await observedApp();
    await app.ask('a', 'gpt-\u202Etset');
    const page = await live(await visit(browser, app.dashboard));
    await page.locator('#models .row-action').click();
    await page.getByRole('button', { name: 'Review' }).click();
    const text = page.locator('#invalidate-summary');
    expect(await text.textContent()).toContain('model “gpt-\u202Etset” will be removed');
    expect(await text.locator('bdi').allTextContents()).toEqual(['openai', 'gpt-\u202Etset']);
  });

  it('does not take a double click on Review for a confirmation', async () => {
    const app = await observedApp();
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard));
    const changes = changesOf(page);
    await page.getByRole('button', { name: 'Invalidate openai gpt-test' }).click();
    await page.getByRole('button', { name: 'Review' }).click();
    const confirm = page.getByRole('button', { name: 'Remove these entries' });
    await confirm.dispatchEvent('click', { detail: 2 });
    expect(changes).toEqual([]);
    expect(await entriesOf(app)).toBe(1);
    await confirm.click();
    await page.getByText('1 entry was removed.').waitFor();
    expect(changes).toHaveLength(1);
  });

  it('asks for a review again where something was changed after it', async () => {
    const app = await observedApp();
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard));
    const changes = changesOf(page);
    await page.getByRole('button', { name: 'Invalidate…', exact: true }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Tag').fill('news');
    await dialog.getByRole('button', { name: 'Review' }).click();
    await dialog.getByLabel('Tag').fill('old news');
    expect(await dialog.getByRole('button', { name: 'Remove these entries' }).count()).toBe(0);
    await dialog.getByLabel('Tag').press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    expect(changes).toEqual([]);
    expect(await entriesOf(app)).toBe(1);
  });

  it('removes nothing where nothing is chosen', async () => {
    const app = await observedApp();
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard));
    const changes = changesOf(page);
    await page.getByRole('button', { name: 'Invalidate…', exact: true }).first().click();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('alert').filter({ hasText: 'Fill in at least one field.' }).waitFor();
    expect(changes).toEqual([]);
    expect(await entriesOf(app)).toBe(1);
  });

  it('says in the dialog what went wrong, and can be tried again', async () => {
    const app = await observedApp();
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard, { complaints: /status of 503/ }));
    const detail = 'Redis is away.';
    await page.route('**/invalidate?*', (route) => route.fulfill({ status: 503, json: { detail } }));
    await page.getByRole('button', { name: 'Invalidate openai gpt-test' }).click();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Remove these entries' }).click();
    await page.getByRole('dialog').getByText(detail).waitFor();
    expect(await entriesOf(app)).toBe(1);
    await page.unroute('**/invalidate?*');
    await page.getByRole('button', { name: 'Remove these entries' }).click();
    await page.getByText('1 entry was removed.').waitFor();
    expect(await entriesOf(app)).toBe(0);
  });
});

describe('clearing from the dashboard', () => {
  it('needs the namespace, letter by letter', async () => {
    const app = await observedApp({ cache: { namespace: 'my_cache' } });
    await app.askInTurn('a', 'b');
    const page = await live(await visit(browser, app.dashboard));
    const changes = changesOf(page);
    await page.getByRole('button', { name: 'Clear…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Clear the whole cache' });
    const confirm = dialog.getByRole('button', { name: 'Clear everything' });
    const typed = dialog.getByLabel('To confirm, type my_cache');
    expect(await confirm.isDisabled()).toBe(true);
    await typed.fill('My_cache');
    expect(await confirm.isDisabled()).toBe(true);
    await typed.press('Enter');
    expect(changes).toEqual([]);
    await typed.fill('my_cache');
    await confirm.click();
    await page.getByText('2 entries were removed.').waitFor();
    expect(changes).toEqual(['DELETE /ops/cache/clear']);
    expect(await entriesOf(app)).toBe(0);
  });
});

describe('without the right to', () => {
  it.each([
    ['only look', (action: string) => action === 'read', 0, 0],
    ['invalidate, not clear', (action: string) => action !== 'clear', 1, 0],
    ['clear, not invalidate', (action: string) => action !== 'invalidate', 0, 1],
  ])('somebody who may %s is offered no more', async (_, may, invalidates, clears) => {
    const app = await observedApp({ authorize: (_req, action) => may(action) });
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard));
    expect(await page.getByRole('button', { name: 'Invalidate…', exact: true }).count()).toBe(invalidates);
    expect(await page.getByRole('button', { name: 'Invalidate openai gpt-test' }).count()).toBe(invalidates);
    expect(await page.getByRole('button', { name: 'Clear…' }).count()).toBe(clears);
  });

  it('a change is refused where the right was lost while the page was open', async () => {
    let mayInvalidate = true;
    const app = await observedApp({ authorize: (_req, action) => action !== 'invalidate' || mayInvalidate });
    await app.ask('a');
    const page = await live(await visit(browser, app.dashboard, { complaints: /status of 403/ }));
    await page.getByRole('button', { name: 'Invalidate openai gpt-test' }).click();
    mayInvalidate = false;
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Remove these entries' }).click();
    await page.getByRole('dialog').getByText('You may not do this.').waitFor();
    expect(await entriesOf(app)).toBe(1);
  });
});
