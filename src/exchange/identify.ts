import { AICacheError, internalFault } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { aliasOf } from '../request/alias.ts';
import { bodyDigest, bytesOf } from '../request/body-bytes.ts';
import { buildRequest } from '../request/build-request.ts';
import type { Bypass } from '../request/bypass.ts';
import { surroundingsOf, type Surroundings } from '../request/surroundings.ts';
import { budgetOf } from '../tiers/budget.ts';
import type { CacheKey } from '../tiers/tier.ts';
import type { Exchange, KeyedExchange } from './exchange.ts';

/** The exchange with its key: by the bytes of its body where those were seen before, else by what they say. */
export function identify(exchange: Exchange): KeyedExchange | Bypass {
  const { parts, route, req } = exchange;
  const body = bytesOf(req);
  if (body === undefined || route.describe !== undefined) return canonical(exchange);
  const startedAt = parts.clock.monotonic();
  const around = surroundingsOf(req, route);
  if ('bypass' in around) return around;
  const alias = aliasOf(
    route,
    around,
    bodyDigest(body, () => req.body as unknown),
  );
  const known = parts.aliases.get(alias);
  if (known === undefined) {
    const keyed = canonical(exchange, around);
    if ('key' in keyed) parts.aliases.set(alias, { key: keyed.key, textLength: keyed.request.text.length });
    return keyed;
  }
  parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: known.textLength });
  return recognised(exchange, known.key, around);
}

function canonical(exchange: Exchange, around?: Surroundings): KeyedExchange | Bypass {
  const { parts, route, req } = exchange;
  const built = buildRequest(req, route, around);
  if ('bypass' in built) return built;
  const { request } = built;
  const startedAt = parts.clock.monotonic();
  try {
    const key = parts.keys.keyFor(request);
    parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: request.text.length });
    parts.requests.set(req, request);
    return { ...exchange, request, key, budget: budgetOf(parts.config.redisTimeoutMs) };
  } catch (error) {
    return { bypass: 'unkeyable', error: error instanceof AICacheError ? error : internalFault(error) };
  }
}

/** A hit needs no more than the key; whoever needs the request has it made then. */
function recognised(exchange: Exchange, key: CacheKey, around: Surroundings): KeyedExchange {
  const { parts, route, req } = exchange;
  let request: AIRequest | undefined;
  const made = (): AIRequest => {
    const built = buildRequest(req, route, around);
    if ('bypass' in built) throw built.error ?? internalFault(built.bypass);
    parts.requests.set(req, built.request);
    return built.request;
  };
  return {
    ...exchange,
    get request() {
      return (request ??= made());
    },
    key,
    budget: budgetOf(parts.config.redisTimeoutMs),
  };
}
