import type { ServerResponse } from 'node:http';
import vary from 'vary';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { appendCacheStatus } from './cache-status.ts';
import { isNotModified, type Conditionals } from './conditional.ts';
import { endWith } from './end-with.ts';
import { etagFor } from './etags.ts';
import { outletOf, type Outlet } from './outlet.ts';
import { preparedHeadOf, prepareHead, type PreparedHead } from './prepared-head.ts';
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

/** Sends a stored response, or 304 where the client has it (DESIGN D4, D11): as it came, in one write or chunk by chunk. */
export function replayEntry(res: ServerResponse, replay: Replay): void {
  const { entry, body, chunks, pace = 'instant', outlet, part } = replay;
  if (sendHead(res, replay)) end(res, undefined, outlet);
  else if (part !== undefined) sendPart(res, body, part, outlet ?? outletOf(res));
  else if (res.req?.method === 'HEAD') sendLength(res, body, chunks === undefined, outlet);
  else if (chunks !== undefined) sendStream(res, storedChunks(body, chunks, pace), outlet);
  else {
    // Middleware in front that splits or counts the body must see it; a 204 has none (RFC 9110 §8.6).
    if (entry.status !== 204) res.setHeader('Content-Length', String(body.length));
    end(res, body, outlet);
  }
}

function end(res: ServerResponse, body: Buffer | undefined, outlet: Outlet | undefined): void {
  if (outlet === undefined) endWith(res, body);
  else outlet.end(body);
}

/** Joins an answer that is still being made, from its first byte on. */
export function replayLive(res: ServerResponse, live: LiveSource, cacheStatus: string | undefined): void {
  const { status, statusMessage, contentLength } = live.head;
  res.statusCode = status;
  if (statusMessage !== undefined) res.statusMessage = statusMessage;
  setFields(res, prepareHead(live.head, false), false);
  if (contentLength !== undefined) res.setHeader('Content-Length', String(contentLength));
  appendCacheStatus(res, cacheStatus);
  sendStream(res, live);
}

/** What a GET would be told of the body (RFC 9110 §9.3.2). */
function sendLength(res: ServerResponse, body: Buffer, isKnown: boolean, outlet: Outlet | undefined): void {
  if (isKnown && res.statusCode !== 204) res.setHeader('Content-Length', body.length);
  end(res, undefined, outlet);
}

/** Returns whether a 304 is all there is to send. */
function sendHead(res: ServerResponse, replay: Replay): boolean {
  const { entry, coding } = replay;
  const head = preparedHeadOf(entry);
  const etag = etagFor(entry, coding);
  const notModified =
    replay.conditionals !== undefined && entry.status === 200 && hasIt(replay.conditionals, entry, etag);
  res.statusCode = notModified ? 304 : entry.status;
  if (entry.statusMessage !== undefined && !notModified) res.statusMessage = entry.statusMessage;
  setFields(res, head, notModified);
  if (etag !== undefined && etag !== head.etag) res.setHeader('ETag', etag);
  if (coding !== 'identity' && !notModified) res.setHeader('Content-Encoding', coding);
  if (replay.ageSeconds !== undefined) res.setHeader('Age', Math.max(0, Math.floor(replay.ageSeconds)));
  appendCacheStatus(res, replay.cacheStatus);
  return notModified;
}

/** Of headers that are set already only those are touched that the handler had changed. */
function setFields(res: ServerResponse, { fields, removed, vary: varied }: PreparedHead, notModified: boolean): void {
  for (const name of removed) res.removeHeader(name);
  for (const { name, lowerCase, value, isOfBody, isOurs, isExtension } of fields) {
    if (notModified && isOfBody) continue;
    if (isExtension) res.appendHeader(name, value);
    else if (isOurs || !res.hasHeader(lowerCase)) res.setHeader(name, value);
  }
  if (varied === undefined) return;
  if (res.hasHeader('vary')) vary(res, varied);
  else res.setHeader('Vary', varied);
}

/** By the ETag of this coding or of the body as such. An answer without Last-Modified counts by its Date (RFC 9111 §4.3.2). */
function hasIt(conditionals: Conditionals, entry: Entry, etag: string | undefined): boolean {
  const since = fieldOf(entry.headers, 'last-modified') ?? fieldOf(entry.headers, 'date');
  const plain = fieldOf(entry.headers, 'etag') ?? entry.ownEtag;
  return [plain, etag].some((one) => isNotModified(conditionals, entry.headers, one, since));
}
