import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { isShared, runTogether } from './run-row.ts';
import { middleware, responseApi } from './tables.ts';

describe.each(expressVersions)('a request that waits for an equal one on $name', ({ express, major }) => {
  const rows = [responseApi, middleware].flatMap((table) => Object.values(table).flat());
  const here = rows.filter((row) => isShared(row) && (row.only ?? major) === major);
  it.each(here)('$title: gets what it would have got alone', (row) => runTogether(express, row));
});
