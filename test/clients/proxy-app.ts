import express, { type Express, type RequestHandler, type Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { AIResponseCache } from '../../src/ai-response-cache.ts';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { aiCache } from '../../src/middleware.ts';

export interface ProxyOptions {
  readonly cache: AIResponseCache;
  /** The provider's emulator, without a slash at the end. */
  readonly upstream: string;
  /** A request with the header `x-hold` waits for this when it has sent its first bytes, or before it sends an answer in one piece. */
  readonly hold: (about: string) => Promise<void>;
  /** Told of each request that comes to the cache. */
  readonly onArrival: () => void;
}

/** Short enough to cut lines, events and characters anywhere. */
const PIECE_BYTES = 61;
const PIECES_BEFORE_HOLD = 4;

/** A gateway: the cache in front of a provider, whose answers it passes on byte for byte. */
export function proxyApp(options: ProxyOptions): Express {
  const app = express().set('trust proxy', true);
  const skip = (): boolean => {
    options.onArrival();
    return false;
  };
  return app.post('/v1/{*path}', express.json(), aiCache({ cache: options.cache, skip }), passOn(options));
}

/** Headers that a provider reads. */
const FORWARDED = ['content-type', 'authorization', 'x-api-key', 'anthropic-version'] as const;

function passOn({ upstream, hold }: ProxyOptions): RequestHandler {
  return async (req, res) => {
    const headers = Object.fromEntries(FORWARDED.map((name) => [name, req.get(name) ?? '']));
    const answer = await fetch(upstream + req.originalUrl, {
      method: 'POST',
      headers,
      body: JSON.stringify(req.body),
      signal: aiCacheContext(req)?.signal ?? null,
    });
    const about = req.get('x-hold');
    const wait = (): Promise<void> => (about === undefined ? Promise.resolve() : hold(about));
    res.status(answer.status).setHeader('Content-Type', answer.headers.get('content-type') ?? '');
    const cacheControl = answer.headers.get('cache-control');
    if (cacheControl !== null) res.setHeader('Cache-Control', cacheControl);
    await (isStream(answer) ? sendPieces(answer, res, wait) : sendWhole(answer, res, wait));
  };
}

function isStream(answer: globalThis.Response): boolean {
  return answer.headers.get('content-type') === 'text/event-stream';
}

async function sendWhole(answer: globalThis.Response, res: Response, wait: () => Promise<void>): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  await wait();
  res.send(body);
}

async function sendPieces(answer: globalThis.Response, res: Response, wait: () => Promise<void>): Promise<void> {
  await pipeline(Readable.from(pieces(Readable.fromWeb(answer.body as ReadableStream), wait)), res);
}

async function* pieces(body: Readable, wait: () => Promise<void>): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of body) {
    for (let at = 0; at < (chunk as Buffer).length; at += PIECE_BYTES) {
      yield (chunk as Buffer).subarray(at, at + PIECE_BYTES);
      sent += 1;
      // oxlint-disable-next-line no-await-in-loop -- nothing more is sent meanwhile
      if (sent === PIECES_BEFORE_HOLD) await wait();
    }
  }
}
