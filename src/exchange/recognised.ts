import type { NextFunction, Request, Response } from 'express';
import type { CacheParts } from '../cache-parts.ts';
import type { RouteConfig } from '../config/route-config.ts';
import { internalFault } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { buildRequest } from '../request/build-request.ts';
import type { Surroundings } from '../request/surroundings.ts';
import { budgetOf, type Budget } from '../tiers/budget.ts';
import type { CacheKey } from '../tiers/tier.ts';
import type { Exchange, KeyedExchange } from './exchange.ts';

/** An exchange whose request is known by its alias. A hit needs no more than the key; whoever needs the request has it made then. */
export class Recognised implements KeyedExchange {
  readonly parts: CacheParts;
  readonly route: RouteConfig;
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  readonly startedAt: number;
  readonly routeLabel: string | undefined;
  readonly key: CacheKey;
  readonly budget: Budget;
  readonly #around: Surroundings;
  #request: AIRequest | undefined;

  constructor(exchange: Exchange, key: CacheKey, around: Surroundings) {
    this.parts = exchange.parts;
    this.route = exchange.route;
    this.req = exchange.req;
    this.res = exchange.res;
    this.next = exchange.next;
    this.startedAt = exchange.startedAt;
    this.routeLabel = exchange.routeLabel;
    this.key = key;
    this.budget = budgetOf(exchange.parts.config.redisTimeoutMs);
    this.#around = around;
  }

  get request(): AIRequest {
    return (this.#request ??= this.#made());
  }

  #made(): AIRequest {
    const { route, req } = this;
    const built = buildRequest(req, route, this.#around);
    if ('bypass' in built) throw built.error ?? internalFault(built.bypass);
    return built.request;
  }
}
