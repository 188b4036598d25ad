/** The tests of the dashboard drive a Chromium without a window: this makes sure that there is one. */
import { findChromium } from './find-chromium.ts';
import { canUseApt, installWithApt } from './install-with-apt.ts';

function fail(reason: string): never {
  console.error(
    'The tests need Chromium or Chrome: install it (Debian and Ubuntu: apt-get install chromium; macOS: brew install chromium) ' +
      `or say with CHROMIUM_PATH where it is${reason}.`,
  );
  process.exit(1);
}

if (findChromium() === undefined) {
  if (process.env['CHROMIUM_PATH'] !== undefined) fail('; CHROMIUM_PATH leads to no file');
  if (!canUseApt()) fail('');
  console.log('No Chromium here: installing it with apt-get.');
  try {
    installWithApt('chromium');
  } catch (error) {
    fail(`; apt-get failed with: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  if (findChromium() === undefined) fail('; apt-get installed none');
}
