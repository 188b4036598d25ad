/** The gateway: what a client changes is its base URL, `https://api.openai.com/v1` becomes `http://gateway/openai/v1`. */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { aiCache } from 'express-ai-cache';
import type { AIResponseCache } from 'express-ai-cache';
import { embedEach } from './embeddings.ts';
import { forwardTo, forwardUnreadable, readBody } from './forward.ts';
import { CORS_HEADERS } from './headers.ts';
import type { Provider } from './providers.ts';

export interface GatewayOptions {
  readonly cache: AIResponseCache;
  readonly providers: readonly Provider[];
  /** Default 64 MB: images and files are a part of many requests. */
  readonly bodyLimit?: string;
}

const EMBEDDINGS = '/v1/embeddings';

/** What is asked of a model. Lists of models, files, batches and the like are state: they go to the provider each time. */
const CACHED = ['/v1/chat/completions', '/v1/completions', '/v1/responses', '/v1/messages', EMBEDDINGS];

export function createGateway({ cache, providers, bodyLimit = '64mb' }: GatewayOptions): Express {
  const app = express().disable('x-powered-by');
  const read = readBody(bodyLimit);
  for (const provider of providers) {
    const forward = forwardTo(provider);
    const cached = aiCache({
      cache,
      provider: provider.name,
      varyHeaders: CORS_HEADERS,
      skip: isOfConversation,
      // As at the provider itself: who leaves pays for no more tokens, unless others wait for the same answer.
      onClientDisconnect: 'abort',
    });
    for (const path of CACHED) {
      const first = path === EMBEDDINGS ? [embedEach(provider, cache)] : [];
      app.post(`/${provider.name}${path}`, read, ...first, cached, forward, forwardUnreadable(provider));
    }
    app.use(`/${provider.name}`, forward);
  }
  app.use(answerNowhere(providers));
  app.use(answerErrors);
  return app;
}

/** Its answer depends on what the provider keeps and changes: the conversation or the container, or it is made later. */
function isOfConversation({ body }: Request): boolean {
  const { conversation, container, background } = (body ?? {}) as Record<string, unknown>;
  return [conversation, container].some((value) => value !== undefined && value !== null) || background === true;
}

/** The base URL of a client has no provider in it, or another one. */
function answerNowhere(providers: readonly Provider[]): RequestHandler {
  const known = providers.map(({ name }) => `/${name}/v1/…`).join(', ');
  return () => {
    throw Object.assign(new Error(`There is no such provider here: use ${known}`), { status: 404 });
  };
}

/** What the gateway itself has to say, in the form that the SDKs of all providers read an error in. */
const answerErrors: ErrorRequestHandler = (error: Error & { status?: number }, _req, res, next) => {
  if (res.headersSent) return next(error);
  const { status, message, cause } = error;
  const [code, text] =
    status === undefined
      ? [502, `The provider cannot be reached: ${cause instanceof Error ? cause.message : message}`]
      : [status, message];
  res.status(code).json({ type: 'error', error: { type: 'gateway_error', message: text, code: null, param: null } });
};
