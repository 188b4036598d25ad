import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { runRow } from './run-row.ts';
import { responseApi } from './tables.ts';

describe.each(expressVersions)('on $name', ({ express, major }) => {
  describe.each(Object.entries(responseApi))('%s', (_of, rows) => {
    const here = rows.filter(({ only = major }) => only === major);
    it.each(here)('$title: is as without the cache, on a miss and on a repeat', (row) => runRow(express, row));
  });
});
