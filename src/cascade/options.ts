import { z } from 'zod';
import type { AIResponseCache } from '../ai-response-cache.ts';
import { hasMethod } from '../config/checks.ts';
import { milliseconds, notNegative, positive, timer, window, windowSeconds } from '../config/numbers.ts';
import { optionDocs } from '../config/option-docs.ts';
import { optionError } from '../config/option-errors.ts';
import type { AIRequest } from '../request/ai-request.ts';

/** What a provider is asked: the request under its own name and that of its model. */
export interface ProviderRequest extends AIRequest {
  provider: string;
  model: string;
}

/** One provider of a cascade, and how it is asked. */
export interface CascadeProvider {
  /** Its name: in the key, in labels, in prices, such as `'openai'`. */
  readonly provider: string;
  /** The model it is asked for, or a function that says it of a request, for one that follows the client's choice. */
  readonly model: string | ((request: AIRequest) => string);
  /**
   * Asks it, and resolves to the whole answer: what an SDK gives without `stream`, any JSON value, or `{ status?, headers?, body }`. What
   * it rejects with is read as the official SDKs, `fetch` wrappers and axios have it: `status` or `statusCode`, and Retry-After in
   * `headers`. `signal` is aborted when its time is over or nobody waits any more. Switch the SDK's own retries off.
   */
  call(request: ProviderRequest, context: { readonly signal: AbortSignal }): Promise<unknown>;
  /** Its own `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Its own `attemptTimeoutMs`. */
  readonly attemptTimeoutMs?: number | undefined;
}

/** A bad value throws AICacheError INVALID_OPTION, an unknown name UNKNOWN_OPTION; `option` names it. */
export interface ProviderCascadeOptions {
  readonly cache: AIResponseCache;
  /** In the order in which they are asked; at least one, no provider with the same model twice. */
  readonly providers: readonly CascadeProvider[];
  /** How long one provider may take, its retries included, milliseconds. Default 60 000. */
  readonly timeoutMs?: number | undefined;
  /** How long one attempt may take, milliseconds; the next one follows if the provider has time left. Default: `timeoutMs`. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How long all providers may take together, milliseconds. Default 180 000. */
  readonly deadlineMs?: number | undefined;
  /** More attempts at one provider after the first, where it may help. Default 2. */
  readonly retries?: number | undefined;
  /** About how long the first retry waits, milliseconds; later ones longer. Retry-After is stronger. Default 500. */
  readonly retryDelayMs?: number | undefined;
  /** After so many failures in a row a provider is left out. Default 5. */
  readonly circuitFailures?: number | undefined;
  /** For how long, until one request tries it again, milliseconds. Default 30 000. */
  readonly circuitOpenMs?: number | undefined;
  /** The most that an answer of any but the first provider lives, seconds; 0: it is not stored. Default 300. */
  readonly fallbackTtlSeconds?: number | undefined;
  /** Statuses that blame the request itself: no other provider is asked. Default 400, 413, 415, 422. */
  readonly stopStatuses?: readonly number[] | undefined;
}

const provider = z.strictObject({
  provider: z.string().min(1),
  model: z.union([
    z.string().min(1),
    z.custom<Extract<CascadeProvider['model'], (...args: never[]) => unknown>>((value) => typeof value === 'function'),
  ]),
  call: z.custom<CascadeProvider['call']>((value) => typeof value === 'function'),
  timeoutMs: timer().optional(),
  attemptTimeoutMs: timer().optional(),
});

type Provider = z.output<typeof provider>;

/** Two entries under one provider and one model could not be told apart. */
function areDistinct(providers: readonly Provider[]): boolean {
  const named = providers.map(({ provider: name, model }) =>
    typeof model === 'string' ? JSON.stringify([name, model]) : {},
  );
  return new Set(named).size === named.length;
}

const isCache = (value: unknown): boolean =>
  ['getOrFill', 'getMany', 'invalidate'].every((method) => hasMethod(value, method));

/** The options of a cascade: shape and words. */
export const cascadeOptions = z.strictObject({
  cache: z.custom<AIResponseCache>(isCache).register(optionDocs, {
    allowed: 'an AIResponseCache, or the property "cache" of what aiCache() returned',
    meaning: 'Where answers are looked up and stored.',
    defaultText: 'required',
  }),
  providers: z.array(provider).min(1).refine(areDistinct).register(optionDocs, {
    allowed:
      'an array of at least one { provider, model, call, timeoutMs?, attemptTimeoutMs? }, where call is a function and no provider has the same model twice',
    meaning: 'Who is asked, in this order: `{ provider, model, call, timeoutMs?, attemptTimeoutMs? }`.',
    defaultText: 'required',
  }),
  timeoutMs: timer()
    .default(60_000)
    .register(optionDocs, { ...milliseconds, meaning: 'How long one provider may take, its retries included.' }),
  attemptTimeoutMs: timer()
    .optional()
    .register(optionDocs, {
      ...milliseconds,
      meaning: 'How long one attempt at a provider may take.',
      defaultText: '`timeoutMs`',
    }),
  deadlineMs: timer()
    .default(180_000)
    .register(optionDocs, { ...milliseconds, meaning: 'How long all providers may take together.' }),
  retries: notNegative().max(20).default(2).register(optionDocs, {
    allowed: 'a whole number from 0 to 20',
    meaning: 'More attempts at one provider, after the first.',
  }),
  retryDelayMs: timer()
    .default(500)
    .register(optionDocs, {
      ...milliseconds,
      meaning: 'About how long the first retry waits; later ones wait longer. `Retry-After` is stronger.',
    }),
  circuitFailures: positive().default(5).register(optionDocs, {
    allowed: 'a whole number from 1',
    meaning: 'After so many failures in a row a provider is left out.',
  }),
  circuitOpenMs: timer()
    .default(30_000)
    .register(optionDocs, { ...milliseconds, meaning: 'For how long, until one request tries it again.' }),
  fallbackTtlSeconds: window()
    .default(300)
    .register(optionDocs, {
      ...windowSeconds,
      meaning: 'The most that an answer of any but the first provider lives; 0: it is not stored.',
    }),
  stopStatuses: z.array(z.int().min(400).max(599)).readonly().default([400, 413, 415, 422]).register(optionDocs, {
    allowed: 'an array of HTTP statuses from 400 to 599',
    meaning: 'Statuses that blame the request itself: no other provider is asked.',
  }),
}) satisfies z.ZodType<unknown, ProviderCascadeOptions>;

export type CascadeConfig = z.output<typeof cascadeOptions>;

export function parseCascadeOptions(options: ProviderCascadeOptions): CascadeConfig {
  const config = parsedWith(cascadeOptions, options);
  // A method keeps its object.
  const providers = config.providers.map((one, place) => ({ ...one, call: one.call.bind(options.providers[place]) }));
  return { ...config, providers };
}

/** Throws AICacheError INVALID_OPTION or UNKNOWN_OPTION, naming the option. */
export function parsedWith<S extends z.ZodObject>(schema: S, options: unknown): z.output<S> {
  const result = schema.safeParse(options);
  if (!result.success) throw optionError(result.error, options, schema);
  return result.data;
}
