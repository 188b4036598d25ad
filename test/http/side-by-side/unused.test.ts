import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { runUnused } from './run-row.ts';
import { middleware, responseApi } from './tables.ts';

const caches = [
  { what: 'switched off', options: { enabled: false } },
  { what: 'in shadow mode', options: { mode: 'shadow' } },
] as const;

describe.each(expressVersions)('on $name', ({ express, major }) => {
  const rows = [responseApi, middleware].flatMap((table) => Object.values(table).flat());
  const here = rows.filter(({ only = major }) => only === major);
  describe.each(caches)('a cache that is $what', ({ options }) => {
    it.each(here)('$title: changes nothing', (row) => runUnused(express, row, options));
  });
});
