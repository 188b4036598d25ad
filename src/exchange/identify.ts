import { setImmediate as nextTurn } from 'node:timers/promises';
import { AICacheError, internalFault } from '../errors.ts';
import { isWithoutBody } from '../request/body.ts';
import { bytesOf, outlineOf, type BodyBytes } from '../request/body-bytes.ts';
import { buildRequest } from '../request/build-request.ts';
import type { Bypass } from '../request/bypass.ts';
import { digestOf } from '../request/known-digests.ts';
import { surroundingsOf, type Surroundings } from '../request/surroundings.ts';
import { budgetOf } from '../tiers/budget.ts';
import type { CacheKey } from '../tiers/tier.ts';
import { whenReady } from '../when-ready.ts';
import type { Exchange, KeyedExchange } from './exchange.ts';
import { Recognised } from './recognised.ts';

type Keyed = KeyedExchange | Bypass;

interface Named {
  readonly name: string;
  readonly keep?: () => void;
}

/** To read so many bytes takes a long turn, to digest them another, and to parse them a third. */
const LARGE_BYTES = 2 * 1024 * 1024;

/** The exchange with its key, for a large request by a promise: by the bytes of its body where those were seen before, else by what they say. */
export function identify(exchange: Exchange): Keyed | Promise<Keyed> {
  const noted = (keyed: Keyed): Keyed => {
    if ('key' in keyed) exchange.parts.requests.set(exchange.req, keyed);
    return keyed;
  };
  const keyed = inTurnOfItsOwn(bytesOf(exchange.req), () => keyedOf(exchange));
  return whenReady(keyed, noted);
}

function inTurnOfItsOwn(body: BodyBytes | undefined, work: () => Keyed | Promise<Keyed>): Keyed | Promise<Keyed> {
  return body !== undefined && body.bytes.length > LARGE_BYTES ? nextTurn().then(work) : work();
}

function keyedOf(exchange: Exchange): Keyed | Promise<Keyed> {
  const { parts, route, req } = exchange;
  if (route.describe !== undefined) return canonical(exchange);
  const body = bytesOf(req);
  if (body === undefined && !isWithoutBody(req)) return canonical(exchange);
  const startedAt = parts.clock.monotonic();
  const around = surroundingsOf(req, route);
  if ('bypass' in around) return around;
  const named = body && nameOf(exchange, body);
  if (body !== undefined && named === undefined) return inTurnOfItsOwn(body, () => canonical(exchange, around));
  const alias = parts.aliases.aliasOf(route, around, named?.name);
  const known = parts.aliases.get(alias);
  if (known === undefined) {
    const aliased = (keyed: Keyed): Keyed => {
      if ('key' in keyed) parts.aliases.set(alias, { key: keyed.key, textLength: keyed.request.text.length });
      return keyed;
    };
    const keyed = inTurnOfItsOwn(body, () => canonical(exchange, around));
    return whenReady(keyed, aliased);
  }
  named?.keep?.();
  parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: known.textLength });
  return new Recognised(exchange, known.key, around);
}

/** Undefined where its bytes do not name it. `keep` where its digest had to be computed: for a body that turns out to come again, which most do not. */
function nameOf({ parts, req }: Exchange, body: BodyBytes): Named | undefined {
  const outline = outlineOf(body, () => req.body as unknown);
  if (outline === undefined) return undefined;
  const { bytes } = body;
  const known = parts.digests.get(bytes);
  if (known !== undefined) return { name: `${known} ${outline}` };
  const digest = digestOf(bytes);
  return { name: `${digest} ${outline}`, keep: () => parts.digests.keep(bytes, digest) };
}

function canonical(exchange: Exchange, around?: Surroundings): Keyed | Promise<Keyed> {
  const { parts, route, req } = exchange;
  const built = buildRequest(req, route, around);
  if ('bypass' in built) return built;
  const { request } = built;
  const startedAt = parts.clock.monotonic();
  const keyed = (key: CacheKey): Keyed => {
    parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: request.text.length });
    return { ...exchange, request, key, budget: budgetOf(parts.config.redisTimeoutMs) };
  };
  try {
    const key = parts.keys.keyInTurns(request);
    return key instanceof Promise ? key.then(keyed, unkeyable) : keyed(key);
  } catch (error) {
    return unkeyable(error);
  }
}

function unkeyable(error: unknown): Bypass {
  return { bypass: 'unkeyable', error: error instanceof AICacheError ? error : internalFault(error) };
}
