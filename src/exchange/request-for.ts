import type { Request } from 'express';
import type { CacheParts } from '../cache-parts.ts';
import { parseRouteOptions } from '../config/parse.ts';
import { bypassedRequest } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { buildRequest } from '../request/build-request.ts';

/** The request as the middleware built it, else with default route options. Throws where the middleware would go past the cache. */
export function requestFor(parts: CacheParts, req: Request): AIRequest {
  const seen = parts.requests.get(req)?.request;
  if (seen !== undefined) return seen;
  const built = buildRequest(req, parseRouteOptions());
  if ('bypass' in built) throw built.error ?? bypassedRequest(built.bypass);
  return built.request;
}
