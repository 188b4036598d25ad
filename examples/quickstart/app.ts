/** The app: everything a user of the package writes is in this file. */
import express from 'express';
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { aiCache, aiCacheContext } from 'express-ai-cache';
import type { AIResponseCache } from 'express-ai-cache';
import { statsRouter } from 'express-ai-cache/stats';
import OpenAI from 'openai';

export interface AppOptions {
  readonly cache: AIResponseCache;
  readonly openai: OpenAI;
  readonly model: string;
}

/** What `POST /api/summarize` takes. */
export interface SummarizeBody {
  readonly text: string;
  /** Default `summarize`. */
  readonly operation?: string;
  readonly options?: { readonly maxWords?: number };
  readonly question?: string;
}

/** What `POST /api/chat` takes: one message, or a conversation. */
export type ChatBody = { readonly message: string } | { readonly messages: readonly ChatMessage[] };
type ChatMessage = OpenAI.ChatCompletionMessageParam;

export function createApp({ cache, openai, model }: AppOptions): Express {
  const app = express();
  const parsed = express.json({ limit: '1mb' });
  // Behind the body parser and behind authentication, in front of the handler.
  const cached = aiCache({ cache, provider: 'openai', model });
  // Whatever was made of articles can be invalidated together, for instance when one of them has changed.
  const cachedArticles = aiCache({ cache, provider: 'openai', model, collection: 'articles' });
  app.post('/api/summarize', parsed, cachedArticles, summarize(openai, model));
  app.post('/api/chat', parsed, cached, chat(openai, model));
  app.use('/ai-cache', statsRouter(cache, { authorize: isFromThisMachine }));
  app.use(answerErrors);
  return app;
}

const TASKS: ReadonlyMap<string, string> = new Map([
  ['summarize', 'Summarize the text.'],
  ['keywords', 'List the keywords of the text.'],
  ['answer', 'Answer the question from the text alone.'],
]);

function summarize(openai: OpenAI, model: string): RequestHandler {
  return async (req, res) => {
    const body = req.body as Partial<SummarizeBody> | undefined;
    const { text, operation = 'summarize', options, question } = body ?? {};
    const task = TASKS.get(operation);
    if (typeof text !== 'string' || text === '' || task === undefined) {
      res
        .status(400)
        .json({ error: `Send { text, operation?: ${[...TASKS.keys()].join(' | ')}, options?, question? }.` });
      return;
    }
    const limit = options?.maxWords === undefined ? '' : ` Use at most ${options.maxWords} words.`;
    const context = aiCacheContext(req);
    const completion = await openai.chat.completions.create(
      {
        model,
        messages: [
          { role: 'system', content: task + limit },
          { role: 'user', content: question === undefined ? text : `${text}\n\nQuestion: ${question}` },
        ],
      },
      // Ends the call when nobody wants its answer any more.
      { signal: context?.signal },
    );
    if (completion.usage !== undefined) {
      // A repeat is then known to have saved these tokens.
      context?.usage({
        inputTokens: completion.usage.prompt_tokens,
        outputTokens: completion.usage.completion_tokens,
      });
    }
    res.json({ operation, model: completion.model, answer: completion.choices[0]?.message.content });
  };
}

/** Answers word by word, as the provider does. */
function chat(openai: OpenAI, model: string): RequestHandler {
  return async (req, res) => {
    const messages = messagesIn(req.body);
    if (messages === undefined) {
      res.status(400).json({ error: 'Send { message } or { messages }.' });
      return;
    }
    const stream = await openai.chat.completions.create(
      // With its usage, which the cache reads: a repeat is then known to have saved these tokens.
      { model, messages, stream: true, stream_options: { include_usage: true } },
      { signal: aiCacheContext(req)?.signal },
    );
    res.type('text/event-stream').set('Cache-Control', 'no-cache');
    for await (const chunk of stream) res.write(`data: ${JSON.stringify(chunk)}\n\n`);
    // The mark of a whole stream. One that breaks off has none and is not stored.
    res.end('data: [DONE]\n\n');
  };
}

function messagesIn(body: unknown): ChatMessage[] | undefined {
  const { message, messages } = (body ?? {}) as { message?: unknown; messages?: unknown };
  if (typeof message === 'string' && message !== '') return [{ role: 'user', content: message }];
  return Array.isArray(messages) && messages.length > 0 ? (messages as ChatMessage[]) : undefined;
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
