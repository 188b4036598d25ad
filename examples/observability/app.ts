/** The app: three routes that ask a model, each behind the cache. */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { aiCache, aiCacheContext } from 'express-ai-cache';
import type { AIResponseCache } from 'express-ai-cache';
import { statsRouter } from 'express-ai-cache/stats';
import OpenAI from 'openai';
import { tracedChat } from './model-call.ts';

export interface AppOptions {
  readonly cache: AIResponseCache;
  readonly openai: OpenAI;
  /** Answers `GET /metrics`. */
  readonly metrics: RequestHandler;
}

const MODELS: ReadonlySet<string> = new Set(['gpt-4o-mini', 'gpt-4o']);

export function createApp({ cache, openai, metrics }: AppOptions): Express {
  const app = express();
  app.get('/metrics', metrics);
  app.use('/ai-cache', statsRouter(cache, { authorize: isFromThisMachine }));
  app.post(
    '/api/ask',
    express.json(),
    aiCache({ cache, provider: 'openai', model: askedModel, collection: 'articles' }),
    ask(openai),
  );
  app.post('/api/chat', express.json(), aiCache({ cache, provider: 'openai', model: askedModel }), chat(openai));
  // Fresh for a second, then served for ten minutes while it is made anew in the background.
  const freshly = { ttlSeconds: 1, staleWhileRevalidateSeconds: 600 };
  app.get('/api/news', aiCache({ cache, provider: 'openai', model: 'gpt-4o-mini', ...freshly }), news(openai));
  app.use(answerErrors);
  return app;
}

function askedModel(req: Request): string {
  const { model } = (req.body ?? {}) as { model?: unknown };
  return typeof model === 'string' && MODELS.has(model) ? model : 'gpt-4o-mini';
}

function ask(openai: OpenAI): RequestHandler {
  return async (req, res) => {
    const { text } = (req.body ?? {}) as { text?: unknown };
    if (typeof text !== 'string' || text === '') {
      res.status(400).json({ error: 'Send { text, model? }.' });
      return;
    }
    res.json({ answer: await answerTo(req, openai, askedModel(req), text) });
  };
}

function news(openai: OpenAI): RequestHandler {
  return async (req, res) => {
    res.json({ news: await answerTo(req, openai, 'gpt-4o-mini', 'What is new?') });
  };
}

async function answerTo(req: Request, openai: OpenAI, model: string, content: string): Promise<string | null> {
  const context = aiCacheContext(req);
  const { choices, usage } = await tracedChat(model, () =>
    openai.chat.completions.create({ model, messages: [{ role: 'user', content }] }, { signal: context?.signal }),
  );
  // A repeat is then known to have saved these tokens, and what they cost.
  if (usage) context?.usage({ inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens });
  return choices[0]?.message.content ?? null;
}

/** Answers word by word. */
function chat(openai: OpenAI): RequestHandler {
  return async (req, res) => {
    const { text } = (req.body ?? {}) as { text?: unknown };
    if (typeof text !== 'string' || text === '') {
      res.status(400).json({ error: 'Send { text, model? }.' });
      return;
    }
    const model = askedModel(req);
    await tracedChat(model, async () => {
      const stream = await openai.chat.completions.create(
        { model, messages: [{ role: 'user', content: text }], stream: true, stream_options: { include_usage: true } },
        { signal: aiCacheContext(req)?.signal },
      );
      res.type('text/event-stream');
      for await (const chunk of stream) res.write(`data: ${JSON.stringify(chunk)}\n\n`);
      res.end('data: [DONE]\n\n');
    });
  };
}

/** Enough for a demonstration; a deployed app checks who is signed in. Behind a proxy every request comes from this machine. */
function isFromThisMachine(req: Request): boolean {
  return ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(req.socket.remoteAddress ?? '');
}

/** A failed answer is never stored: the next request asks the provider again. */
const answerErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (!(error instanceof OpenAI.APIError) || res.headersSent) return next(error);
  res.status(502).json({ error: `The provider gave no answer: ${error.message}` });
};
