import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { bodies } from './response-bodies.ts';
import { connections } from './response-connections.ts';
import { expressForms } from './response-express.ts';
import { failures } from './response-failures.ts';
import { heads } from './response-heads.ts';
import { misuse } from './response-misuse.ts';
import { pieces } from './response-pieces.ts';
import type { Row } from './row.ts';
import { runRow } from './run-row.ts';

const tables: Readonly<Record<string, readonly Row[]>> = {
  'the body': bodies,
  'the head': heads,
  Express: expressForms,
  'a stream': pieces,
  'a call': misuse,
  'a failure': failures,
  'a connection': connections,
};

describe.each(expressVersions)('on $name', ({ express, major }) => {
  describe.each(Object.entries(tables))('%s', (_of, rows) => {
    const here = rows.filter(({ only = major }) => only === major);
    it.each(here)('$title: is as without the cache, on a miss and on a repeat', (row) => runRow(express, row));
  });
});
