import type { ServerResponse } from 'node:http';
import vary from 'vary';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { appendCacheStatus } from './cache-status.ts';
import { etagFor } from './etags.ts';
import { BODY_HEADERS, isNotModified, type Conditionals } from './conditional.ts';
import { outletOf, type Outlet } from './outlet.ts';
import { sendPart, type Part } from './ranges.ts';
import type { RecordedHead } from './recorded-head.ts';
import { sendStream, storedChunks, type ChunkSource } from './send-stream.ts';

/** An answer in the making: its head, and the chunks as they come. */
export interface LiveSource extends ChunkSource {
  readonly head: RecordedHead & { readonly contentLength?: number };
}

export interface Replay {
  readonly entry: Entry;
  /** The coding the body goes out in, and the body in it. */
  readonly coding: Coding;
  readonly body: Buffer;
  readonly cacheStatus: string | undefined;
  /** How the body came, where it goes out in the coding it came in and not in one piece. */
  readonly chunks?: NonNullable<Entry['chunks']>;
  readonly pace?: 'instant' | 'recorded';
  /** Absent on an answer that was made just now. */
  readonly ageSeconds?: number;
  /** What the client sent, where a 304 may answer it (GET and QUERY). */
  readonly conditionals?: Conditionals;
  /** The part of it that a GET asks for; `body` is in identity coding then. */
  readonly part?: Part | undefined;
  /** Where it goes out, if not by `res` as it is. */
  readonly outlet?: Outlet | undefined;
}

/** These describe our body: what outer middleware has set of them yields. */
const OURS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding', 'etag']);

/** Sends a stored response, or 304 where the client has it (DESIGN D4, D11): as it came, in one write or chunk by chunk. */
export function replayEntry(res: ServerResponse, replay: Replay): void {
  const { entry, body, chunks, pace = 'instant', outlet = outletOf(res), part } = replay;
  if (sendHead(res, replay)) outlet.end();
  else if (part !== undefined) sendPart(res, body, part, outlet);
  else if (res.req?.method === 'HEAD') sendLength(res, body, chunks === undefined, outlet);
  else if (chunks === undefined) {
    // Middleware in front that splits or counts the body must see it; a 204 has none (RFC 9110 §8.6).
    if (entry.status !== 204) res.setHeader('Content-Length', String(body.length));
    outlet.end(body);
  } else sendStream(res, storedChunks(body, chunks, pace), outlet);
}

/** Joins an answer that is still being made, from its first byte on. */
export function replayLive(res: ServerResponse, live: LiveSource, cacheStatus: string | undefined): void {
  const { status, statusMessage, contentLength } = live.head;
  res.statusCode = status;
  if (statusMessage !== undefined) res.statusMessage = statusMessage;
  setRecordedHeaders(res, live.head, false);
  if (contentLength !== undefined) res.setHeader('Content-Length', String(contentLength));
  appendCacheStatus(res, cacheStatus);
  sendStream(res, live);
}

/** What a GET would be told of the body (RFC 9110 §9.3.2). */
function sendLength(res: ServerResponse, body: Buffer, isKnown: boolean, outlet: Outlet): void {
  if (isKnown && res.statusCode !== 204) res.setHeader('Content-Length', body.length);
  outlet.end();
}

/** Returns whether a 304 is all there is to send. */
function sendHead(res: ServerResponse, replay: Replay): boolean {
  const { entry, coding } = replay;
  const etag = etagFor(entry, coding);
  const notModified =
    replay.conditionals !== undefined && entry.status === 200 && hasIt(replay.conditionals, entry, etag);
  res.statusCode = notModified ? 304 : entry.status;
  if (entry.statusMessage !== undefined && !notModified) res.statusMessage = entry.statusMessage;
  setRecordedHeaders(res, entry, notModified);
  if (etag !== undefined) res.setHeader('ETag', etag);
  if (entry.coding !== 'identity') vary(res, 'Accept-Encoding');
  if (coding !== 'identity' && !notModified) res.setHeader('Content-Encoding', coding);
  if (replay.ageSeconds !== undefined) res.setHeader('Age', Math.max(0, Math.floor(replay.ageSeconds)));
  appendCacheStatus(res, replay.cacheStatus);
  return notModified;
}

/** Of headers that are set already only those are touched that the handler had changed. */
function setRecordedHeaders(
  res: ServerResponse,
  { headers, outerChanges = [] }: Pick<RecordedHead, 'headers' | 'outerChanges'>,
  notModified: boolean,
): void {
  const outer = new Set(res.getHeaderNames());
  const changes = new Map(outerChanges);
  for (const [name, change] of outerChanges) if (change === 'removed') res.removeHeader(name);
  let last = '';
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase();
    if (notModified && BODY_HEADERS.has(lowerCase)) continue;
    if (lowerCase === 'vary') vary(res, value);
    else if (lowerCase === last || changes.get(lowerCase) === 'extended') res.appendHeader(name, value);
    else if (!outer.has(lowerCase) || OURS.has(lowerCase) || changes.has(lowerCase)) {
      res.setHeader(name, value);
      last = lowerCase;
    }
  }
}

/** By the ETag of this coding or of the body as such. An answer without Last-Modified counts by its Date (RFC 9111 §4.3.2). */
function hasIt(conditionals: Conditionals, entry: Entry, etag: string | undefined): boolean {
  const since = fieldOf(entry.headers, 'last-modified') ?? fieldOf(entry.headers, 'date');
  const plain = fieldOf(entry.headers, 'etag') ?? entry.ownEtag;
  return [plain, etag].some((one) => isNotModified(conditionals, entry.headers, one, since));
}
