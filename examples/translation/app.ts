/** The app: everything a user of the package writes is in this file and in providers.ts. */
import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler, Response } from 'express';
import { AICacheError } from 'express-ai-cache';
import type { AIResponseCache } from 'express-ai-cache';
import type { CachedTranslationService, TranslatedItem, Translation } from 'express-ai-cache/cascade';
import { collectionWebhook } from 'express-ai-cache/stats';

export interface AppOptions {
  readonly cache: AIResponseCache;
  readonly service: CachedTranslationService;
  /** What the content system sends in `x-webhook-secret`. */
  readonly webhookSecret: string;
}

/** More would make one request last too long. */
const MAX_ITEMS = 100;

export function createApp({ cache, service, webhookSecret }: AppOptions): Express {
  const app = express();
  app.use(express.json({ limit: '1mb' }));
  app.post('/api/translate', translate(service));
  app.post('/api/translate/batch', translateBatch(service));
  app.get('/api/translate/stats', (_req, res) => void res.json(service.stats()));
  // A Directus Flow calls it with { event, collection, keys } when an item has changed.
  app.post('/webhooks/content', collectionWebhook(cache, { secret: webhookSecret }));
  app.use(answerErrors);
  return app;
}

/** `{ text, to, from?, context?, glossary?, collection? }` → `{ text, provider, model, cached, fallback, … }` */
function translate(service: CachedTranslationService): RequestHandler {
  return async (req, res) => {
    res.json(await service.translate({ ...translationIn(req.body), signal: signalOf(res) }));
  };
}

/** `{ items: [the same, …] }` → `{ items: [{ status: 'fulfilled', … } or { status: 'rejected', error }, …] }`, in order. */
function translateBatch(service: CachedTranslationService): RequestHandler {
  return async (req, res) => {
    const { items } = (req.body ?? {}) as { items?: unknown };
    if (!Array.isArray(items) || items.length > MAX_ITEMS) {
      res.status(400).json({ error: `Send { items: [{ text, to, … }, …] }, at most ${MAX_ITEMS} of them.` });
      return;
    }
    const translated = await service.translateBatch(items.map(translationIn), { signal: signalOf(res) });
    res.json({ items: translated.map(shown) });
  };
}

function shown(item: TranslatedItem): unknown {
  return item.status === 'fulfilled' ? item : { status: item.status, error: messageOf(item.error) };
}

/** What a caller may say; who may see a translation, `tenant`, is not theirs to say. The service checks the values. */
function translationIn(body: unknown): Translation {
  const { text, from, to, context, glossary, collection } = (body ?? {}) as Translation;
  return { text, from, to, context, glossary, collection };
}

/** Aborted when the client leaves before its answer: the provider's call ends, unless others wait for it. */
function signalOf(res: Response): AbortSignal {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  return gone.signal;
}

/** An error of the cache names providers and statuses, never a text or a key; its `cause` may, and stays here. */
const answerErrors: ErrorRequestHandler = (error, _req, res, next) => {
  // The client has left: nobody is there to be told.
  if (res.closed) return;
  if (!(error instanceof AICacheError) || error.status === undefined || res.headersSent) return next(error);
  res.status(error.status).json({ error: error.message });
};

function messageOf(error: Error): string {
  return error instanceof AICacheError ? error.message : 'There is no translation.';
}
