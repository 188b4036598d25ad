/** What is asked: the thing the key, the lifetime and the labels are made from. */

/** JSON as RFC 8259 has it. `undefined` members of an object count as absent. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };
export type JsonObject = { readonly [name: string]: JsonValue | undefined };

/** Importance of the content; sets the base lifetime where no operation does. */
export type ContentType = 'critical' | 'standard' | 'static' | 'temporary';

/** A request to a model as the cache sees it. `tags`, `contentType` and `confidence` are not in the key; all else is. */
export interface AIRequest {
  /** `POST https://host/path?query`; set by the middleware. Absent: a direct request, a key space of its own. */
  target?: string;
  /** Keyed request headers by lower-case name; set by the middleware. */
  vary?: Readonly<Record<string, string>>;
  provider?: string;
  model?: string;
  operation?: string;
  text: string;
  question?: string;
  /** The caller's options, and everything else the request's body says. */
  options?: JsonObject;
  collection?: string;
  tags?: readonly string[];
  contentType?: ContentType;
  /** 0.5 … 1.5, scales the lifetime. */
  confidence?: number;
  /** The partition: what `scope` gave, or the credentials' digest. Never logged. */
  tenant?: string;
}
