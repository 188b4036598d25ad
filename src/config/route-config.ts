import type { Request } from 'express';
import type { HeaderField } from '../entry/entry.ts';
import type { AIRequest, ContentType } from '../request/ai-request.ts';

/** A constant or a function of the request. */
export type PerRequest<T> = T | ((req: Request) => T | undefined);

/** Methods whose answers can be stored. */
export type CachedMethod = 'GET' | 'POST' | 'QUERY';

/** Whose answers may be shared: everybody's, those with equal cookies of these names, or those for whom the function gives the same string. */
export type Scope = 'shared' | { readonly cookies: readonly string[] } | ((req: Request) => string);

/** A whole response as `shouldStore` sees it; `body` is in identity coding. */
export interface RecordedResponse {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  /** Why the answer would not be stored though it arrived: it was cut, refused, filtered, empty, or an error (DESIGN D3). */
  readonly incomplete?: string;
}

/** The options of one mount, parsed once, frozen. */
export interface RouteConfig {
  readonly describe?: (req: Request) => AIRequest | undefined;
  readonly provider?: PerRequest<string>;
  readonly model?: PerRequest<string>;
  readonly operation?: PerRequest<string>;
  readonly collection?: PerRequest<string>;
  readonly contentType?: PerRequest<ContentType>;
  readonly confidence?: PerRequest<number>;
  readonly tags?: PerRequest<readonly string[]>;
  readonly route?: string;
  /** `raw`: mounted before the parser of JSON bodies, which it reads itself. */
  readonly body: 'parsed' | 'raw';
  readonly bodyLimitBytes: number;
  readonly scope?: Scope;
  /** Lower-case names of request headers that are keyed beside the built-in ones. */
  readonly varyHeaders: readonly string[];
  /** Top-level body fields left out of the key. */
  readonly ignoreBodyFields: readonly string[];
  /** Is a stream whole? Takes the place of the terminal event of its kind. */
  readonly isComplete?: (response: RecordedResponse) => boolean;
  readonly shouldStore?: (response: RecordedResponse, req: Request) => boolean;
  /** Methods whose answers are stored; HEAD is answered from what a GET has stored. */
  readonly methods: readonly CachedMethod[];
  /** Whose requests may say by Cache-Control and Pragma how the cache is used. */
  readonly requestDirectives: 'private' | 'all' | 'ignore';
  /** Error answers are stored where the handler names their lifetime. */
  readonly storeErrors: boolean;
  readonly skip?: (req: Request) => boolean;
  readonly refresh?: (req: Request) => boolean;
  readonly ttlSeconds?: number;
  readonly staleWhileRevalidateSeconds?: number;
  readonly staleIfErrorSeconds?: number;
  /** `finish`: a fill goes on without its client; `abort`: it ends where nobody else waits. */
  readonly onClientDisconnect: 'finish' | 'abort';
  readonly replay: { readonly pace: 'instant' | 'recorded' };
}
