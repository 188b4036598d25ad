import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { wireAnswers } from '../../support/wire-answer.ts';

/** An answer as lines of its head and its body; a raw body is not interpreted. */
export interface Lines {
  readonly head: readonly string[];
  readonly body: string;
}

const FRAMING = /^(content-length|transfer-encoding):/i;

/** Without what differs between two answers of one app: the time, and what the cache says of itself. */
export function linesOf(bytes: Buffer): Lines {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return { head: [], body: bytes.toString('latin1') };
  const head = bytes
    .toString('latin1', 0, end)
    .split('\r\n')
    .filter((line) => !/^cache-status: ai-cache;/i.test(line))
    .map((line) => line.replace(/^Date: \w{3}, .* GMT$/, 'Date: now'));
  return { head, body: bytes.toString('latin1', end + 4) };
}

/** The lines of a hit that must be the same: without its age, and by name, for the order of names means nothing (RFC 9110 §5.3). */
export function hitLines({ head: [status = '', ...fields], body }: Lines): Lines {
  const ours = fields.filter((line) => !/^age: \d+$/i.test(line));
  return { head: [status, ...ours.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)))], body };
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase();

/** Without the ETag that the cache gives an answer that had none. */
export function withoutOwnEtag(was: Lines, { head, body }: Lines): Lines {
  const isEtag = (line: string): boolean => /^etag:/i.test(line);
  return was.head.some(isEtag) ? { head, body } : { head: head.filter((line) => !isEtag(line)), body };
}

const without =
  (field: RegExp) =>
  ({ head, body }: Lines): Lines => ({ head: head.filter((line) => !field.test(line)), body });

const VARY = /^vary: /i;

function varyOf(head: readonly string[]): string {
  const fields = head.filter((line) => VARY.test(line)).flatMap((line) => line.replace(VARY, '').split(', '));
  return fields.filter((field) => field !== 'Accept-Encoding').join(', ');
}

function bodyOf(head: readonly string[], body: string): string {
  const [answer] = wireAnswers(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'), true);
  return answer?.body.toString('latin1') ?? body;
}

const CODED = /^(content-encoding|content-length|transfer-encoding|vary):/i;

function decodedBodyOf(head: readonly string[], body: string): string {
  const [answer] = wireAnswers(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'), true);
  if (answer === undefined) return body;
  const decode = { br: brotliDecompressSync, gzip: gunzipSync, deflate: inflateSync }[
    answer.headers['content-encoding'] ?? ''
  ];
  return (decode?.(answer.body) ?? answer.body).toString('latin1');
}

function asLatin1(line: string): string {
  const read = Buffer.from(line, 'latin1').toString('utf8');
  return read.includes('\ufffd') ? line : read;
}

/** Each takes out of an answer what a hit has otherwise, by design. docs/guide/http.md says so under "What the response API keeps". */
export const differences = {
  /** Pieces of a body of announced length, or that end as they began, come at once, with a Content-Length. */
  framing: ({ head, body }: Lines): Lines => ({
    head: head.filter((line) => !FRAMING.test(line)),
    body: bodyOf(head, body),
  }),
  /** An informational answer before the final one (1xx) is for one request. */
  interim: (lines: Lines): Lines => lines,
  /** Node writes text beyond ASCII in a head as the body's encoding has it; a hit has Latin-1 (RFC 9110 §5.5). */
  latin1: ({ head, body }: Lines): Lines => ({ head: head.map(asLatin1), body }),
  /** Node keeps the order of a first head's flat array; with the cache fields of one name stand together. */
  order: ({ head, body }: Lines): Lines => ({ head: head.toSorted(), body }),
  /** Fields of one connection are not stored (RFC 9110 §7.6.1). */
  connection: without(/^(connection|keep-alive):/i),
  /** The time is that of the hit. */
  date: without(/^date:/i),
  /** What is stored compressed goes out as it is stored; its ETag has the coding. */
  coding: ({ head, body }: Lines): Lines => ({
    head: head.filter((line) => !CODED.test(line)),
    body: decodedBodyOf(head, body),
  }),
  /** A body that is stored compressed has `Vary: Accept-Encoding`, and its fields stand in one line. */
  vary: ({ head, body }: Lines): Lines => ({
    head: head.filter((line) => !VARY.test(line)),
    body: `${varyOf(head)}\n${body}`,
  }),
} as const satisfies Record<string, (lines: Lines) => Lines>;

export type Difference = keyof typeof differences;

/** The others are differences of hits alone. */
export const ON_MISSES: readonly Difference[] = ['order'];
