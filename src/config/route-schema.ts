import { z } from 'zod';
import type { ContentType } from '../request/ai-request.ts';
import { synchronous } from './checks.ts';
import { bytes, lifetime, positive, seconds, window, windowSeconds } from './numbers.ts';
import { optionDocs } from './option-docs.ts';
import type { AIRouteOptions } from './route-options.ts';
import type { CachedMethod, PerRequest, RouteConfig } from './route-config.ts';

const CONTENT_TYPES = ['critical', 'standard', 'static', 'temporary'] as const satisfies readonly ContentType[];
const CACHED_METHODS = ['GET', 'POST', 'QUERY'] as const satisfies readonly CachedMethod[];
const FUNCTION = 'a function that is not async';
const TEXT_OR_FUNCTION = `a text that is not empty, or ${FUNCTION}`;

const text = z.string().min(1);

/** Characters of a header's or a cookie's name (`token`, RFC 9110 §5.6.2), without `*`, which names no header. */
const token = z.string().regex(/^[\w!#$%&'+.^`|~-]+$/);

function given<F extends (...args: never[]) => unknown>(
  meaning: string,
  defaultText = 'none',
): z.ZodOptional<z.ZodType<F, F>> {
  return synchronous<F>().optional().register(optionDocs, { allowed: FUNCTION, meaning, defaultText });
}

function perRequest<T>(
  value: z.ZodType<T, T>,
  allowed: string,
  meaning: string,
): z.ZodOptional<z.ZodType<PerRequest<T>, PerRequest<T>>> {
  const schema: z.ZodType<PerRequest<T>, PerRequest<T>> = z.union([
    value,
    synchronous<Extract<PerRequest<T>, (...args: never[]) => unknown>>(),
  ]);
  return schema.optional().register(optionDocs, { allowed, meaning });
}

const cookies = z.array(token).min(1).readonly().register(optionDocs, {
  allowed: "an array of at least one cookie's name",
  meaning: 'Shared by requests with equal cookies of these names.',
});

/** The options of one mount: shape and words. */
export const routeOptions = z.strictObject({
  describe: given<NonNullable<RouteConfig['describe']>>(
    'Says what a request asks for; `undefined`: bypass.',
    'knows the bodies of common providers',
  ),
  provider: perRequest(text, TEXT_OR_FUNCTION, 'Who answers; in the key.'),
  model: perRequest(text, TEXT_OR_FUNCTION, 'The model; in the key.'),
  operation: perRequest(text, TEXT_OR_FUNCTION, 'What is done, such as `summarize`; in the key.'),
  collection: perRequest(text, TEXT_OR_FUNCTION, 'A group of entries of a content system; in the key.'),
  contentType: perRequest(
    z.enum(CONTENT_TYPES),
    `critical, standard, static or temporary, or ${FUNCTION}`,
    'How much a stale answer would matter.',
  ),
  confidence: perRequest(
    z.number().min(0.5).max(1.5),
    `a number from 0.5 to 1.5, or ${FUNCTION}`,
    'How sure the answer is.',
  ),
  tags: perRequest(
    z.array(text).readonly(),
    `an array of texts that are not empty, or ${FUNCTION}`,
    'Labels of the entry.',
  ),
  route: text.optional().register(optionDocs, {
    allowed: 'a text that is not empty, such as "/api/summarize"',
    meaning: '`http.route` of spans and metrics where Express cannot tell it.',
  }),
  body: z.enum(['parsed', 'raw']).default('parsed').register(optionDocs, {
    allowed: 'parsed or raw',
    meaning: '`raw`: mounted before `express.json()`; a hit then parses nothing.',
  }),
  bodyLimitBytes: positive().default(102_400).register(optionDocs, {
    allowed: bytes.allowed,
    meaning: "With `body: 'raw'`: a longer body is answered with 413.",
  }),
  scope: z
    .union([
      z.literal('shared'),
      z.strictObject({ cookies }).readonly(),
      synchronous<Extract<RouteConfig['scope'], (...args: never[]) => unknown>>(),
    ])
    .optional()
    .register(optionDocs, {
      allowed: `"shared", { cookies: […] } with at least one cookie's name, or ${FUNCTION}`,
      meaning: 'Whose answers may be shared.',
      defaultText: "private to the caller's credentials",
    }),
  varyHeaders: z.array(token).readonly().default([]).register(optionDocs, {
    allowed: 'an array of names of request headers',
    meaning: 'Request headers that are keyed beside the built-in ones.',
  }),
  ignoreBodyFields: z.array(text).readonly().default([]).register(optionDocs, {
    allowed: 'an array of names of top-level fields',
    meaning: 'Top-level fields of the body that are left out of the key.',
  }),
  isComplete: given<NonNullable<RouteConfig['isComplete']>>(
    'Is a stream whole? Takes the place of the terminal event of its kind.',
    'by the terminal event of its kind',
  ),
  shouldStore: given<NonNullable<RouteConfig['shouldStore']>>(
    '`false`: this response is not stored; `true`: it is, though it was cut, refused or filtered.',
  ),
  methods: z
    .array(z.enum(CACHED_METHODS))
    .min(1)
    .readonly()
    .default(CACHED_METHODS)
    .register(optionDocs, {
      allowed: `an array of at least one of ${CACHED_METHODS.join(', ')}`,
      meaning: 'Methods whose answers are stored; HEAD is answered from what a GET has stored.',
    }),
  requestDirectives: z.enum(['private', 'all', 'ignore']).default('private').register(optionDocs, {
    allowed: 'private, all or ignore',
    meaning:
      "Whose `Cache-Control` of a request counts: of those whose answers are theirs alone, everybody's, or nobody's.",
  }),
  storeErrors: z.boolean().default(false).register(optionDocs, {
    allowed: 'true or false',
    meaning: '`true`: error answers are stored too where the handler names their lifetime.',
  }),
  skip: given<NonNullable<RouteConfig['skip']>>('`true`: the request bypasses the cache.'),
  refresh: given<NonNullable<RouteConfig['refresh']>>('`true`: the lookup is skipped and the new answer stored.'),
  ttlSeconds: lifetime().optional().register(optionDocs, {
    allowed: seconds.allowed,
    meaning: "Lifetime of this mount's entries.",
    defaultText: '`ttl.defaultSeconds`',
  }),
  staleWhileRevalidateSeconds: window().optional().register(optionDocs, {
    allowed: windowSeconds.allowed,
    meaning: "The cache's option of that name, for this mount.",
    defaultText: "the cache's",
  }),
  staleIfErrorSeconds: window().optional().register(optionDocs, {
    allowed: windowSeconds.allowed,
    meaning: "The cache's option of that name, for this mount.",
    defaultText: "the cache's",
  }),
  onClientDisconnect: z.enum(['finish', 'abort']).default('finish').register(optionDocs, {
    allowed: 'finish or abort',
    meaning:
      '`finish`: a handler goes on without its client and its answer is stored; `abort`: unless others wait, it is told.',
  }),
  replay: z
    .strictObject({
      pace: z.enum(['instant', 'recorded']).default('instant').register(optionDocs, {
        allowed: 'instant or recorded',
        meaning: 'Recorded streams are replayed at once, or as slowly as they came.',
      }),
    })
    .readonly()
    .prefault({}),
}) satisfies z.ZodType<unknown, AIRouteOptions>;
