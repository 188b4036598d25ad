/** Sends a request to its provider, and the answer to the client as the provider sent it. */
import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { aiCacheContext } from 'express-ai-cache';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { headersToClient, headersToProvider } from './headers.ts';
import type { Provider } from './providers.ts';

interface WithBytes extends IncomingMessage {
  bytes?: Buffer;
}

/** The cache keys what the body says; the provider gets the bytes that the client sent. */
export function readBody(limit: string): RequestHandler {
  return express.json({ limit, verify: keepBytes });
}

function keepBytes(req: WithBytes, _res: unknown, bytes: Buffer): void {
  req.bytes = bytes;
}

export function forwardTo(provider: Provider): RequestHandler {
  return async (req, res) => {
    const answer = await ask(provider, req, signalFor(req, res));
    await passOn(answer, res);
  };
}

/** What is no JSON goes to the provider too: it knows best what to say about it. */
export function forwardUnreadable(provider: Provider): ErrorRequestHandler {
  const forward = forwardTo(provider);
  return (error: { type?: unknown }, req, res, next) =>
    error.type === 'entity.parse.failed' ? forward(req, res, next) : next(error);
}

/**
 * Asks the provider what the client asked the gateway.
 *
 * @param body In place of what the client sent.
 */
export async function ask(
  provider: Provider,
  req: Request,
  signal: AbortSignal,
  body?: string,
): Promise<globalThis.Response> {
  const read = body ?? (req as WithBytes).bytes;
  const headers = headersToProvider(req.headers);
  // What was not read here goes on in the coding it came in.
  const coding = req.headers['content-encoding'];
  if (read === undefined && coding !== undefined) headers.set('content-encoding', coding);
  return fetch(addressAt(provider, req), {
    method: req.method,
    headers,
    body: read ?? (hasBody(req) ? Readable.toWeb(req) : null),
    duplex: 'half',
    redirect: 'manual',
    signal,
  });
}

/**
 * Without the first part of the path, the provider's name, and without a host that an absolute target has (RFC 9112 §3.2.2).
 *
 * @throws Error with the status 400 where `..` leads out of the provider's address, which may be a part of a host.
 */
function addressAt({ url }: Provider, { originalUrl }: Request): URL {
  const target = originalUrl.replace(/^(?:[a-z]+:\/\/[^/?]*)?\/[^/?]*\/?/i, '/');
  const address = new URL(url + target);
  if (!address.href.startsWith(new URL(`${url}/`).href))
    throw Object.assign(new Error('The path leads out of the address of the provider.'), { status: 400 });
  return address;
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Aborts when nobody wants the answer any more, so that the provider stops too. */
export function signalFor(req: Request, res: Response): AbortSignal {
  const ofCache = aiCacheContext(req)?.signal;
  if (ofCache !== undefined) return ofCache;
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return gone.signal;
}

/** JSON goes out whole, so that the cache can say at once whether it keeps it; everything else as it comes. */
export async function passOn(answer: globalThis.Response, res: Response): Promise<void> {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(answer.headers.get('content-type') ?? '');
  const whole = isJson ? Buffer.from(await answer.arrayBuffer()) : undefined;
  res.status(answer.status).statusMessage = answer.statusText;
  for (const [name, value] of headersToClient(answer.headers)) res.setHeader(name, value);
  if (whole !== undefined || answer.body === null) {
    res.end(whole);
    return;
  }
  res.flushHeaders();
  // Where either side breaks off, it breaks off the other: nothing is left to be said.
  await pipeline(Readable.fromWeb(answer.body), res).catch(() => undefined);
}
