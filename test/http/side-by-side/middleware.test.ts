import { describe, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { messageBodies } from './middleware-bodies.ts';
import { compressions } from './middleware-compression.ts';
import { errorsAndFiles } from './middleware-errors.ts';
import { headers } from './middleware-headers.ts';
import { mounts } from './middleware-mounts.ts';
import { lateActing } from './middleware-sessions.ts';
import { together } from './middleware-together.ts';
import type { Row } from './row.ts';
import { runRow } from './run-row.ts';

const tables: Readonly<Record<string, readonly Row[]>> = {
  'headers and settings': headers,
  bodies: messageBodies,
  compression: compressions,
  'what acts late': lateActing,
  mounts,
  'errors and files': errorsAndFiles,
  'several at once': together,
};

describe.each(expressVersions)('on $name', ({ express }) => {
  describe.each(Object.entries(tables))('%s', (_of, rows) => {
    it.each(rows)('$title: the app answers as without the cache, on misses and hits', (row) => runRow(express, row));
  });
});
