import type { Request } from 'express';
import type { AIRequest, ContentType } from '../request/ai-request.ts';
import type { CachedMethod, PerRequest, RecordedResponse, Scope } from './route-config.ts';

/**
 * The options of one mount. `undefined` counts as left out. Functions get Express's request, answer at once and must not be
 * `async`. What a function returns as `undefined` is as if the option were absent for that request.
 *
 * Throws as `AIResponseCacheOptions` does.
 */
export interface AIRouteOptions {
  /** What a request asks for. `undefined`: the request bypasses. Default: knows the bodies of common providers. */
  describe?: ((req: Request) => AIRequest | undefined) | undefined;
  /** Who answers, for instance `'openai'`: in the key, in statistics. */
  provider?: PerRequest<string> | undefined;
  /** In the key, in statistics. */
  model?: PerRequest<string> | undefined;
  /** What is done, for instance `'summarize'`: in the key. */
  operation?: PerRequest<string> | undefined;
  /** A group of entries of a content system: in the key. */
  collection?: PerRequest<string> | undefined;
  /** `'critical'`, `'standard'`, `'static'` or `'temporary'`. Not in the key. */
  contentType?: PerRequest<ContentType> | undefined;
  /** 0.5 … 1.5. Not in the key. */
  confidence?: PerRequest<number> | undefined;
  /** Labels of the entry. Not in the key. */
  tags?: PerRequest<readonly string[]> | undefined;
  /** `http.route` of spans and metrics where Express cannot tell it, for instance `'/api/summarize'`. */
  route?: string | undefined;
  /**
   * `'parsed'` (default): mounted behind a body parser. `'raw'`: mounted before `express.json()`; the cache reads JSON bodies itself,
   * parses them only where somebody needs that, and leaves all others to the parsers behind it.
   */
  body?: 'parsed' | 'raw' | undefined;
  /** With `body: 'raw'`: a longer body is answered with 413 by way of an error for the error handler, bytes. Default 102 400, as `express.json()`. */
  bodyLimitBytes?: number | undefined;
  /**
   * Whose answers may be shared: `'shared'` everybody's, `{ cookies }` those of requests with equal cookies of these names, a
   * function those for whom it returns the same string. Default: private to the caller's credentials.
   */
  scope?: Scope | undefined;
  /** Names of request headers that are keyed beside the built-in ones, in any case. Default none. */
  varyHeaders?: readonly string[] | undefined;
  /** Top-level fields of the body that are left out of the key, for instance a request id. Default none. */
  ignoreBodyFields?: readonly string[] | undefined;
  /** Is a stream whole? Takes the place of the terminal event of its kind; the body is in identity coding. */
  isComplete?: ((response: RecordedResponse) => boolean) | undefined;
  /**
   * `false`: this response is not stored; `true`: it is, even where `response.incomplete` says why it would not be. What the
   * status and the headers forbid stays forbidden. The body is in identity coding.
   */
  shouldStore?: ((response: RecordedResponse, req: Request) => boolean) | undefined;
  /**
   * Methods whose answers are stored. Default GET, POST and QUERY; HEAD is answered from what a GET has stored. A method that is not
   * safe (RFC 9110 §9.2.1) and not in the list invalidates what was stored for its URL, where its answer is no error
   * (RFC 9111 §4.4).
   */
  methods?: readonly CachedMethod[] | undefined;
  /**
   * Whose `Cache-Control` and `Pragma` of a request count (RFC 9111 §5.2.1): `'private'` (default) of those who ask for answers that
   * are theirs alone, by their credentials or their cookies; `'all'` everybody's, who can make the handler run at will; `'ignore'`
   * nobody's.
   */
  requestDirectives?: 'private' | 'all' | 'ignore' | undefined;
  /**
   * Store error answers (4xx, 5xx) too where the handler names their lifetime (max-age, s-maxage, Expires). Default false: Express
   * sends the headers that a handler had set before it failed with the error.
   */
  storeErrors?: boolean | undefined;
  /** `true`: the request bypasses. */
  skip?: ((req: Request) => boolean) | undefined;
  /** `true`: the lookup is skipped and the new answer stored, for a "Regenerate" button. */
  refresh?: ((req: Request) => boolean) | undefined;
  /** Lifetime of this mount's entries, seconds; a lifetime that the handler sets wins, `ttl.maxSeconds` caps it. */
  ttlSeconds?: number | undefined;
  /** The cache's option of that name, for this mount. */
  staleWhileRevalidateSeconds?: number | undefined;
  /** The cache's option of that name, for this mount. */
  staleIfErrorSeconds?: number | undefined;
  /**
   * When the client leaves before the answer is whole: `'finish'` (default) lets the handler go on, at most `maxFillMs`, and
   * stores what it makes; `'abort'` tells it (`aiCacheContext(req).signal`, `close`) unless others wait for the same answer.
   */
  onClientDisconnect?: 'finish' | 'abort' | undefined;
  /** `pace`: recorded streams are replayed at once (`'instant'`, default) or as slowly as they came (`'recorded'`). */
  replay?: { pace?: 'instant' | 'recorded' | undefined } | undefined;
}
