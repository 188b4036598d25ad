import type { ServerResponse } from 'node:http';
import vary from 'vary';
import type { Coding, Entry } from '../entry/entry.ts';
import type { HeaderFields } from '../entry/header-fields.ts';
import { appendCacheStatus } from './cache-status.ts';
import { isNotModified, type Conditionals } from './conditional.ts';
import { endWith } from './end-with.ts';
import type { Outlet } from './outlet.ts';
import { preparedHeadOf, prepareHead, type PreparedHead } from './prepared-head.ts';
import { sendStream, storedChunks, type ChunkSource } from './send-stream.ts';

/** An answer in the making: its head, and the chunks as they come. */
export interface LiveSource extends ChunkSource {
  readonly head: { readonly status: number; readonly statusMessage?: string; readonly headers: HeaderFields };
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
  /** Where it goes out, if not by `res` as it is. */
  readonly outlet?: Outlet | undefined;
}

/** Sends a stored response, or 304 where the client has it (DESIGN D4, D11): as it came, in one write or chunk by chunk. */
export function replayEntry(res: ServerResponse, replay: Replay): void {
  const { body, chunks, pace = 'instant', outlet } = replay;
  const notModified = sendHead(res, replay);
  if (!notModified && chunks !== undefined) return sendStream(res, storedChunks(body, chunks, pace), outlet);
  const last = notModified ? undefined : body;
  if (outlet === undefined) endWith(res, last);
  else outlet.end(last);
}

/** Joins an answer that is still being made, from its first byte on. */
export function replayLive(res: ServerResponse, live: LiveSource, cacheStatus: string | undefined): void {
  const { status, statusMessage, headers } = live.head;
  res.statusCode = status;
  if (statusMessage !== undefined) res.statusMessage = statusMessage;
  setFields(res, prepareHead(headers, 'identity'), false);
  appendCacheStatus(res, cacheStatus);
  sendStream(res, live);
}

/** Returns whether a 304 is all there is to send. */
function sendHead(res: ServerResponse, replay: Replay): boolean {
  const { entry, coding } = replay;
  const head = preparedHeadOf(entry);
  const etag = etagFor(entry, head.etag, coding);
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

function setFields(res: ServerResponse, { fields, vary: varied }: PreparedHead, notModified: boolean): void {
  for (const { name, lowerCase, value, isOfBody, isOurs } of fields) {
    if (notModified && isOfBody) continue;
    if (isOurs || !res.hasHeader(lowerCase)) res.setHeader(name, value);
  }
  if (varied === undefined) return;
  if (res.hasHeader('vary')) vary(res, varied);
  else res.setHeader('Vary', varied);
}

/** A strong ETag names the bytes of one coding, so each coding of ours gets its own (RFC 9110 §8.8.3.3). */
function etagFor(entry: Entry, etag: string | undefined, coding: Coding): string | undefined {
  const asSent = entry.codedByHandler ? entry.coding : 'identity';
  if (etag === undefined || etag.startsWith('W/') || coding === asSent) return etag;
  return etag.endsWith('"') ? `${etag.slice(0, -1)}-${coding}"` : etag;
}

function hasIt(conditionals: Conditionals, entry: Entry, etag: string | undefined): boolean {
  return isNotModified(conditionals, entry.headers) || isNotModified(conditionals, entry.headers, etag);
}
