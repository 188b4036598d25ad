/** The tests of the dashboard drive a Chromium without a window: this makes sure that there is one. */
import { findChromium } from './find-chromium.ts';
import { ensure, fail } from './ensure.ts';

const missing =
  'The tests need Chromium or Chrome: install it (Debian and Ubuntu: apt-get install chromium; macOS: brew install chromium) ' +
  'or say with CHROMIUM_PATH where it is';
const isThere = (): boolean => findChromium() !== undefined;

if (!isThere() && process.env['CHROMIUM_PATH'] !== undefined) fail(`${missing}; CHROMIUM_PATH leads to no file`);
ensure({ name: 'Chromium', packageName: 'chromium', isThere, missing, stillMissing: 'apt-get installed none' });
