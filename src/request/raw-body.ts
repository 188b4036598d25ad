import createError from 'http-errors';
import getRawBody from 'raw-body';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Transform } from 'node:stream';
import { readWhole } from './read-whole.ts';

const JSON_TYPE = /^\s*application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/**
 * Is this a body that `express.json()` behind us would parse, and that nobody has read yet? JSON in UTF-8, whole or in a coding that
 * is known; any other is left to the parser it is meant for, and so are the errors it deserves.
 */
export function isUnreadJson(req: IncomingMessage): boolean {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': transfer } = req.headers;
  if (type === undefined || !JSON_TYPE.test(type)) return false;
  if (transfer === undefined && !(Number(length) > 0)) return false;
  if (req.readableDidRead || req.readableEnded || 'body' in req) return false;
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  const coding = codingOf(req);
  return charset === 'utf-8' && (coding === 'identity' || DECODERS.has(coding));
}

/**
 * Reads the body, out of its content coding, with the limits and errors of body-parser, which are made by the same packages.
 * Rejects with an error that has a `status`: 413 for more than `limitBytes`, 400 for one that broke off or cannot be decoded.
 */
export function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const length = Number(req.headers['content-length']);
  const isPlain = length <= limitBytes && codingOf(req) === 'identity' && req.readable && req.readableEncoding === null;
  if (!isPlain) return readAny(req, limitBytes);
  return readWhole(req, length).catch((error: unknown) => refused(req, error));
}

async function readAny(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const decoder = DECODERS.get(codingOf(req))?.();
  try {
    if (decoder === undefined)
      return await getRawBody(req, { limit: limitBytes, length: req.headers['content-length'] ?? null });
    return await getRawBody(req.pipe(decoder), { limit: limitBytes });
  } catch (error) {
    decoder?.destroy();
    return refused(req, error);
  }
}

async function refused(req: IncomingMessage, error: unknown): Promise<never> {
  req.unpipe();
  await drained(req);
  throw createError(400, error as Error);
}

function codingOf(req: IncomingMessage): string {
  return (req.headers['content-encoding'] ?? 'identity').toLowerCase();
}

/** An answer that is sent before its request has come to an end would not reach every client. */
async function drained(req: IncomingMessage): Promise<void> {
  if (req.readableEnded || req.destroyed) return;
  req.resume();
  await once(req, 'close').catch(() => undefined);
}
