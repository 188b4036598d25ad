import type { HeaderField } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { parseCacheControl, secondsOf } from './cache-control.ts';

/** Who set a lifetime, strongest first (DESIGN D16). */
export type LifetimeSource = 'handler' | 'context' | 'route' | 'default';

export interface Lifetime {
  readonly ttlSeconds: number;
  readonly source: LifetimeSource;
}

export interface LifetimeInputs {
  readonly headers: readonly HeaderField[];
  /** From `aiCacheContext(req).ttl()` or `set`. */
  readonly contextSeconds?: number | undefined;
  readonly routeSeconds?: number | undefined;
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

/** How long does this answer stay fresh? The handler's own s-maxage or max-age beats every policy (RFC 9111 §4.2.1). */
export function lifetimeOf(inputs: LifetimeInputs): Lifetime {
  const directives = parseCacheControl(fieldOf(inputs.headers, 'cache-control') ?? '');
  const explicit = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  const candidates: [LifetimeSource, number | undefined][] = [
    ['handler', explicit],
    ['context', inputs.contextSeconds],
    ['route', inputs.routeSeconds],
    ['default', inputs.defaultSeconds],
  ];
  const [source, seconds] = candidates.find(([, value]) => value !== undefined) as [LifetimeSource, number];
  return { ttlSeconds: Math.min(seconds, inputs.maxSeconds), source };
}
