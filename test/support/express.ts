import { createRequire } from 'node:module';
import express5 from 'express';

/** Express 4 under the types of Express 5: what the suites use is the same in both. */
const express4 = createRequire(import.meta.url)('express4') as typeof express5;

/** For `describe.each(expressVersions)('$name', ({ express }) => …)`. */
export const expressVersions = [
  { name: 'Express 5', major: 5, express: express5 },
  { name: 'Express 4', major: 4, express: express4 },
] as const;
