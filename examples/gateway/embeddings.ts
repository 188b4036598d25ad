/** A list of inputs, each answered by itself: those that the cache has cost nothing, the others are one call to the provider. */
import type { Request, RequestHandler, Response } from 'express';
import type { AIRequest, AIResponseCache } from 'express-ai-cache';
import { ProviderCascade } from 'express-ai-cache/cascade';
import type { BatchItem } from 'express-ai-cache/cascade';
import { AsyncLocalStorage } from 'node:async_hooks';
import { ask, passOn, signalFor } from './forward.ts';
import { GatheredInputs, ProviderAnswer } from './gathered-inputs.ts';
import type { Embeddings } from './gathered-inputs.ts';
import { headersToClient } from './headers.ts';
import type { Provider } from './providers.ts';

/** As long as the SDKs themselves wait. */
const TIMEOUT_MS = 600_000;

interface EmbeddingsBody {
  readonly model: string;
  readonly input: readonly string[];
}

/** One text, tokens, and whatever else is no list of texts goes on to the next handler, whole. */
export function embedEach(provider: Provider, cache: AIResponseCache): RequestHandler {
  const asking = new AsyncLocalStorage<GatheredInputs>();
  const cascade = new ProviderCascade({
    cache,
    providers: [
      {
        provider: provider.name,
        model: ({ model }) => String(model),
        call: async ({ text }, { signal }) => asking.getStore()?.embed(text, signal),
      },
    ],
    // The client tries again, as it would at the provider itself: it is told all that the provider says.
    retries: 0,
    circuitFailures: Number.MAX_SAFE_INTEGER,
    timeoutMs: TIMEOUT_MS,
    deadlineMs: TIMEOUT_MS,
  });
  return async (req, res, next) => {
    const { body } = req as { body: unknown };
    const requests = isListOfTexts(body) ? requestsFor(cache, req, body) : undefined;
    if (!isListOfTexts(body) || requests === undefined) return next();
    const gathered = new GatheredInputs((input, signal) =>
      ask(provider, req, signal, JSON.stringify({ ...body, input })),
    );
    const options = { concurrency: requests.length, signal: signalFor(req, res) };
    const items = await asking.run(gathered, () => cascade.completeBatch(requests, options));
    await answer(items, gathered, res);
  };
}

function isListOfTexts(body: unknown): body is EmbeddingsBody {
  const { model, input } = (body ?? {}) as Record<string, unknown>;
  const isList =
    Array.isArray(input) && input.length > 0 && input.every((one) => typeof one === 'string' && one !== '');
  return typeof model === 'string' && model !== '' && isList;
}

/** One for each input, with all else that the request says; undefined where the cache would leave it alone. */
function requestsFor(cache: AIResponseCache, req: Request, { input }: EmbeddingsBody): AIRequest[] | undefined {
  try {
    const whole = cache.requestFor(req);
    return input.map((text) => ({ ...whole, text, options: { ...whole.options, input: [text] } }));
  } catch {
    return undefined;
  }
}

async function answer(items: readonly BatchItem[], gathered: GatheredInputs, res: Response): Promise<void> {
  const failed = items.find((item) => item.status === 'rejected');
  if (failed !== undefined) {
    const error = thrownByProvider(failed.error);
    if (error instanceof ProviderAnswer) return passOn(error.answer(), res);
    throw error;
  }
  const found = items.filter((item) => item.status === 'fulfilled');
  const each = found.map(({ response }) => response.json() as Embeddings);
  const data = each.flatMap(({ data: [embedding] }, index) => ({ ...embedding, index }));
  const usage = { prompt_tokens: 0, total_tokens: 0, ...gathered.usage };
  for (const [name, value] of headersToClient(gathered.headers)) {
    if (name !== 'content-length') res.setHeader(name, value);
  }
  const hits = found.filter(({ cached }) => cached).length;
  res.setHeader('Cache-Status', cacheStatusOf(hits, found.length)).setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ ...each[0], data, usage }));
}

/** RFC 9211 §2: `partial` where the cache had some of it. */
function cacheStatusOf(hits: number, all: number): string {
  const result = hits === all ? 'hit' : hits === 0 ? 'fwd=miss' : 'fwd=partial';
  return `ai-cache; ${result}; detail="${hits} of ${all} inputs"`;
}

function thrownByProvider(error: Error): unknown {
  return error.cause instanceof AggregateError ? (error.cause.errors[0] as unknown) : error;
}
