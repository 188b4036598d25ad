import { messageBodies } from './middleware-bodies.ts';
import { compressions } from './middleware-compression.ts';
import { errorsAndFiles } from './middleware-errors.ts';
import { headers } from './middleware-headers.ts';
import { mounts } from './middleware-mounts.ts';
import { lateActing } from './middleware-sessions.ts';
import { together } from './middleware-together.ts';
import { bodies } from './response-bodies.ts';
import { connections } from './response-connections.ts';
import { expressForms } from './response-express.ts';
import { failures } from './response-failures.ts';
import { heads } from './response-heads.ts';
import { misuse } from './response-misuse.ts';
import { pieces } from './response-pieces.ts';
import type { Row } from './row.ts';

type Table = Readonly<Record<string, readonly Row[]>>;

/** What a handler can do with its response. */
export const responseApi: Table = {
  'the body': bodies,
  'the head': heads,
  Express: expressForms,
  'a stream': pieces,
  'a call': misuse,
  'a failure': failures,
  'a connection': connections,
};

/** What can stand around the cache. */
export const middleware: Table = {
  'headers and settings': headers,
  bodies: messageBodies,
  compression: compressions,
  'what acts late': lateActing,
  mounts,
  'errors and files': errorsAndFiles,
  'several at once': together,
};
