import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { runRow } from './run-row.ts';
import { middleware } from './tables.ts';

describe.each(expressVersions)('on $name', ({ express }) => {
  describe.each(Object.entries(middleware))('%s', (_of, rows) => {
    it.each(rows)('$title: the app answers as without the cache, on misses and hits', (row) => runRow(express, row));
  });
});
