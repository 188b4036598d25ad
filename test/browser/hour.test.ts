import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { manualClock, type ManualClock } from '../support/manual-clock.ts';
import { launchChromium } from './chromium.ts';
import { observedApp, type ObservedApp } from './observed-app.ts';
import { live, picture, visit } from './visit.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const MODELS = ['gpt-5-mini', 'gpt-5', 'claude-sonnet-4-5', 'mistral-large-latest', 'deepseek-chat'];
const PRICES = { '*': { inputUsdPerMillion: 2.5, outputUsdPerMillion: 10 } };

/** The same numbers from 0 to 1 each time. */
function dice(): () => number {
  let state = 7;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** An hour of real requests, in seconds: the clock stands still but for what a model and a hit take. */
async function anHour(app: ObservedApp, clock: ManualClock, roll: () => number): Promise<number> {
  let sent = 0;
  const once = async (): Promise<void> => {
    // Few texts are asked often.
    const text = roll() < 0.015 ? `fail ${roll()}` : `question ${Math.floor(roll() ** 3 * 60)}`;
    const model = MODELS[Math.floor(roll() ** 1.6 * MODELS.length)];
    const method = roll() < 0.02 ? 'PUT' : 'POST';
    await ask(app.port, { path: '/ask', method, json: { text, model } });
    sent += 1;
  };
  const minute = async (left: number): Promise<void> => {
    if (left === 0) return;
    const end = clock.monotonic() + 60_000;
    const requests = Math.round(9 + 7 * Math.sin(left / 6) + 4 * roll());
    await Array.from({ length: requests }).reduce<Promise<void>>(async (before) => {
      await before;
      return once();
    }, Promise.resolve());
    clock.advance(Math.max(0, end - clock.monotonic()));
    await minute(left - 1);
  };
  await minute(60);
  return sent;
}

describe('the dashboard after an hour of traffic', () => {
  it.each(['light', 'dark'] as const)('draws all of it at once, in the %s theme', async (colorScheme) => {
    const roll = dice();
    const clock = manualClock(Date.UTC(2026, 0, 15, 9));
    const app = await observedApp({
      clock,
      route: {},
      cache: { prices: PRICES },
      beforeAnswer: () => clock.advance(600 + 2_600 * roll() ** 2),
      outer: (_req, res, next) => {
        res.on('finish', () => clock.advance(0.3 + 2 * roll() ** 2));
        next();
      },
    });
    const sent = await anHour(app, clock, roll);
    const page = await live(
      await visit(browser, app.dashboard, {
        colorScheme,
        timezoneId: 'UTC',
        viewport: { width: 1_280, height: 975 },
      }),
    );
    await page.getByText('Requests by result as a table').click();
    const rows = await page.locator('#requests-data tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThanOrEqual(59);
    // Its oldest minute has just left the window.
    const shown = rows.flatMap((row) => row.split(/\s+/).slice(1)).reduce((sum, count) => sum + Number(count), 0);
    const { count } = app.cache.monitor.snapshot().requests;
    expect(shown).toBe(count);
    expect(count).toBeGreaterThan(sent - 30);
    // Of a request that is past the cache nobody reads the model.
    const models = await page.locator('#models .model').allTextContents();
    expect(models.toSorted()).toEqual([...MODELS, 'unknown'].toSorted());
    await page.getByText('Requests by result as a table').click();
    await picture(page, `hour-${colorScheme}`);
    await picture(page, `hour-${colorScheme}-top`, false);
  });
});
