import type { NextFunction, Request, Response } from 'express';
import type { CacheParts } from '../cache-parts.ts';
import type { ContextState } from './context.ts';
import type { RouteConfig } from '../config/route-config.ts';
import type { VariantRule } from '../entry/entry.ts';
import type { AIRequest } from '../request/ai-request.ts';
import type { Outcome } from '../telemetry/outcome.ts';
import type { Budget } from '../tiers/budget.ts';
import type { CacheKey } from '../tiers/tier.ts';

/** One request on its way through the cache. */
export interface Exchange {
  readonly parts: CacheParts;
  readonly route: RouteConfig;
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** `http.route`, fixed at entry, the same for hits and misses (DESIGN D11). */
  readonly routeLabel: string | undefined;
}

/** An exchange whose request has a key. */
export interface KeyedExchange extends Exchange {
  readonly request: AIRequest;
  readonly key: CacheKey;
  /** What this request may still wait for Redis. */
  readonly budget: Budget;
  /** The key without the headers that its answers depend on beside it, and the rule that adds them: `key` has them. */
  readonly variant?: { readonly primary: CacheKey; readonly rule: VariantRule };
}

/** `route.path` only where no mount path is left out, since a mount path can hold a tenant. */
export function routeLabelOf(req: Request, route: RouteConfig): string | undefined {
  if (route.route !== undefined) return route.route;
  const path: unknown = req.baseUrl === '' ? (req.route as { path?: unknown } | undefined)?.path : undefined;
  return typeof path === 'string' ? path : undefined;
}

/** The route label as telemetry takes it. */
export function withRoute({ routeLabel }: Exchange): { route?: string } {
  return routeLabel === undefined ? {} : { route: routeLabel };
}

/** Has the client gone, or the response ended? */
export function isClosed({ res }: Exchange): boolean {
  return res.closed || res.destroyed;
}

/** Calls `listener` when the response's last byte is sent or its client has gone. */
export function onceClosed(exchange: Exchange, listener: () => void): void {
  if (isClosed(exchange)) return listener();
  const { res } = exchange;
  const limit = res.getMaxListeners();
  // `stream.pipeline` alone adds seven: what the handler and others add shall not look like a leak because of ours.
  if (limit !== 0) res.setMaxListeners(limit + 1);
  res.once('close', listener);
}

/** The one outcome of this request, emitted when its response is over; `facts` is asked then and may take a moment to know. */
export function reportOutcome(
  exchange: Exchange,
  context: ContextState | undefined,
  facts: () => OutcomeFacts | Promise<OutcomeFacts>,
): void {
  const { parts, req, res, startedAt } = exchange;
  const warmRun = parts.warmRuns.of(req);
  warmRun?.seen();
  onceClosed(exchange, () => {
    const ended = { status: res.statusCode, durationMs: parts.clock.monotonic() - startedAt };
    const emit = (known: OutcomeFacts): void => {
      const outcome: Outcome = Object.freeze({ ...known, ...withRoute(exchange), ...ended });
      if (context !== undefined) context.outcome = outcome;
      parts.observe({ type: 'request', outcome });
      warmRun?.answered(outcome);
    };
    const known = facts();
    if (known instanceof Promise) void known.then(emit);
    else emit(known);
  });
}

/** The outcome as the branch that answered knows it. */
export type OutcomeFacts = Omit<Outcome, 'status' | 'durationMs' | 'route'>;
