import type { Request } from 'express';
import type { RouteConfig } from '../config/route-config.ts';
import { AICacheError, invalidRequestField, userFunctionThrew } from '../errors.ts';
import type { AIRequest } from './ai-request.ts';
import type { Bypass, BypassReason } from './bypass.ts';
import { keyedHeaders, type KeyedHeader } from './keyed-headers.ts';
import { rewrittenFrom, targetOf } from './target.ts';
import { tenantOf } from './tenant.ts';
import { callUserFunction } from './user-function.ts';

/** The fields that options of the route set, over what was described. */
export const ROUTE_FIELDS = [
  'provider',
  'model',
  'operation',
  'collection',
  'contentType',
  'confidence',
  'tags',
] as const;

/** What the options of a route can set of a request. */
export type RouteFields = Pick<AIRequest, (typeof ROUTE_FIELDS)[number]>;

/** All that a request is made from, but its body. */
export interface Surroundings {
  readonly target: string;
  /** The keyed headers and, under names that no header can have, `:described` and `:original-url` (build-request.ts). */
  readonly vary: readonly KeyedHeader[];
  readonly tenant?: string;
  /** What options of the route say, constants and functions. */
  readonly fields: RouteFields;
}

/**
 * The functions of the route run here, on every request.
 *
 * @param described The tenant that the route's describe gave.
 */
export function surroundingsOf(req: Request, route: RouteConfig, described?: string): Surroundings | Bypass {
  const partition = partitionOf(req, route, described);
  if ('bypass' in partition) return partition;
  try {
    const { tenant } = partition;
    const around = { target: targetOf(req), vary: varyOf(req, route), fields: routeFields(req, route) };
    return tenant === undefined ? around : { ...around, tenant };
  } catch (error) {
    return failed('option-failed', 'tags', error);
  }
}

/** A tenant that the route's describe gives declares the partition, as a scope does; where both do, both count. */
function partitionOf(req: Request, { scope }: RouteConfig, described: string | undefined): ReturnType<typeof tenantOf> {
  if (described === '') {
    return { bypass: 'scope-failed', error: invalidRequestField('tenant', 'a string that is not empty') };
  }
  if (described !== undefined && scope === undefined) return { tenant: described };
  const scoped = tenantOf(req, scope);
  if (described === undefined || 'bypass' in scoped) return scoped;
  return { tenant: scoped.tenant === undefined ? described : JSON.stringify([scoped.tenant, described]) };
}

/** What the work returns; a bypass where it throws. A described object may have getters, and those may throw anything. */
export function attempt<T>(reason: BypassReason, option: string, work: () => T): T | Bypass {
  try {
    return work();
  } catch (error) {
    return failed(reason, option, error);
  }
}

function failed(reason: BypassReason, option: string, error: unknown): Bypass {
  return { bypass: reason, error: error instanceof AICacheError ? error : userFunctionThrew(option, error) };
}

function varyOf(req: Request, route: RouteConfig): readonly KeyedHeader[] {
  const vary = keyedHeaders(req.headers, route.varyHeaders);
  if (route.describe !== undefined) vary.push([':described', '1']);
  const original = rewrittenFrom(req);
  if (original !== undefined) vary.push([':original-url', original]);
  return vary;
}

function routeFields(req: Request, route: RouteConfig): RouteFields {
  const fields: Record<string, unknown> = {};
  for (const name of ROUTE_FIELDS) {
    const option = route[name];
    const value = typeof option === 'function' ? callUserFunction<Request, unknown>(name, option, req) : option;
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}
