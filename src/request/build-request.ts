import type { Request } from 'express';
import type { RouteConfig } from '../config/route-config.ts';
import { AICacheError, invalidRequestField, userFunctionThrew } from '../errors.ts';
import type { AIRequest } from './ai-request.ts';
import { bodyOf } from './body.ts';
import type { Bypass, BypassReason } from './bypass.ts';
import { checkRequest } from './check-request.ts';
import { derive } from './derive.ts';
import { describeBody, wholeBody } from './describe.ts';
import type { BodyForm, KeyableBody } from './describe.ts';
import { keyedHeaders } from './keyed-headers.ts';
import { rewrittenFrom, targetOf } from './target.ts';
import { tenantOf } from './tenant.ts';
import { callUserFunction } from './user-function.ts';

/** The fields that options of the route set, over what was described. */
const ROUTE_FIELDS = ['provider', 'model', 'operation', 'collection', 'contentType', 'confidence', 'tags'] as const;

/** What the options of a route can set of a request. */
type RouteFields = Pick<AIRequest, (typeof ROUTE_FIELDS)[number]>;

/** A description: the default one, or the route's own. */
interface Described {
  readonly fields: AIRequest;
  readonly form: BodyForm | undefined;
}

/**
 * The request as the cache sees it, whole: key, lifetime and labels follow from it.
 *
 * `options` holds what the body says beyond the fields, as describe.ts has it; where an option of the route sets a field, the
 * body's member of that name stays there too. Where the route has a `describe`, `options` is `{ options, body }`: what it
 * described, and the body without `ignoreBodyFields`, because the handler can read all of it.
 *
 * `vary` holds the keyed headers and, under names that no header can have, `:body` (the form of a body that is not an object),
 * `:described` (the route's own describe was used), `:derived` (the fields that nobody said, see derive.ts) and `:original-url`
 * (the URL before a middleware rewrote it).
 *
 * `options` may share objects with `req.body`: make the key before a handler can change them.
 */
export function buildRequest(req: Request, route: RouteConfig): { readonly request: AIRequest } | Bypass {
  const body = bodyOf(req);
  if (body.form === 'unkeyable') return { bypass: 'unkeyable' };
  const described = attempt('describe-failed', 'describe', () => describe(req, route, body));
  if (described === undefined) return { bypass: 'undescribed' };
  if ('bypass' in described) return described;
  const partition = partitionOf(req, route, described.fields.tenant);
  if ('bypass' in partition) return partition;
  const target = targetOf(req);
  const vary = varyOf(req, route, described.form);
  return attempt('option-failed', 'tags', () => {
    const request: unknown = { ...described.fields, ...routeFields(req, route), ...partition, target, vary };
    checkRequest(request);
    const { fields, names } = derive(request, target, route.describe === undefined);
    return { request: names === '' ? request : { ...request, ...fields, vary: { ...vary, ':derived': names } } };
  });
}

/** What the work returns; a bypass where it throws. A described object may have getters, and those may throw anything. */
function attempt<T>(reason: BypassReason, option: string, work: () => T): T | Bypass {
  try {
    return work();
  } catch (error) {
    return { bypass: reason, error: error instanceof AICacheError ? error : userFunctionThrew(option, error) };
  }
}

function describe(req: Request, route: RouteConfig, body: KeyableBody): Described | undefined {
  if (route.describe === undefined) {
    const kept = ROUTE_FIELDS.filter((name) => route[name] !== undefined);
    const { form, ...fields } = describeBody(body, route.ignoreBodyFields, kept);
    return { fields, form };
  }
  const request: unknown = callUserFunction('describe', route.describe, req);
  if (request === undefined) return undefined;
  checkRequest(request);
  const { form, value } = wholeBody(body, route.ignoreBodyFields);
  return { fields: { ...describedFields(request), options: { options: request.options, body: value } }, form };
}

/** Read one by one: the object may be of a class. Absent fields stay absent. */
function describedFields(request: AIRequest): AIRequest {
  const fields: Record<string, unknown> = { text: request.text };
  for (const name of [...ROUTE_FIELDS, 'question', 'tenant'] as const) {
    if (request[name] !== undefined) fields[name] = request[name];
  }
  return fields as unknown as AIRequest;
}

function routeFields(req: Request, route: RouteConfig): RouteFields {
  const fields: Record<string, unknown> = {};
  for (const name of ROUTE_FIELDS) {
    const option = route[name];
    const value = typeof option === 'function' ? callUserFunction<unknown>(name, option, req) : option;
    if (value !== undefined) fields[name] = value;
  }
  return fields;
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

function varyOf(req: Request, route: RouteConfig, form: BodyForm | undefined): Record<string, string> {
  const vary = keyedHeaders(req.headers, route.varyHeaders);
  if (form !== undefined) vary[':body'] = form;
  if (route.describe !== undefined) vary[':described'] = '1';
  const original = rewrittenFrom(req);
  if (original !== undefined) vary[':original-url'] = original;
  return vary;
}
