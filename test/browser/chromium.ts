import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '../../scripts/find-chromium.ts';

/** Starts a Chromium without a window. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      'There is no Chromium here: run node scripts/ensure-chromium.ts, or say with CHROMIUM_PATH where it is.',
    );
  }
  // Chromium's own sandbox cannot be had by root, which is who runs in a container.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}
