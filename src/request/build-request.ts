import type { Request } from 'express';
import type { RouteConfig } from '../config/route-config.ts';
import type { AIRequest } from './ai-request.ts';
import { bodyOf } from './body.ts';
import type { Bypass } from './bypass.ts';
import { checkRequest } from './check-request.ts';
import { derive } from './derive.ts';
import { describeBody, wholeBody } from './describe.ts';
import type { BodyForm, KeyableBody } from './describe.ts';
import type { KeyedHeader } from './keyed-headers.ts';
import { attempt, ROUTE_FIELDS, surroundingsOf, type Surroundings } from './surroundings.ts';
import { callUserFunction } from './user-function.ts';

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
 *
 * @param known What {@link surroundingsOf} said already: the functions of the route are not asked twice.
 */
export function buildRequest(
  req: Request,
  route: RouteConfig,
  known?: Surroundings,
): { readonly request: AIRequest } | Bypass {
  const body = bodyOf(req);
  if (body.form === 'unkeyable') return { bypass: 'unkeyable' };
  const described = attempt('describe-failed', 'describe', () => describe(req, route, body));
  if (described === undefined) return { bypass: 'undescribed' };
  if ('bypass' in described) return described;
  const around = known ?? surroundingsOf(req, route, described.fields.tenant);
  if ('bypass' in around) return around;
  return attempt('option-failed', 'tags', () => ({ request: joined(described, around, route) }));
}

function joined({ fields: own, form }: Described, around: Surroundings, route: RouteConfig): AIRequest {
  const { target, tenant } = around;
  const fields = { ...own, ...around.fields };
  // A function of the route may have returned anything; what was described has been checked.
  if (Object.keys(around.fields).length > 0) checkRequest(fields);
  const derived = derive(fields, target, route.describe === undefined);
  const vary: KeyedHeader[] = [...around.vary];
  if (form !== undefined) vary.push([':body', form]);
  if (derived.names !== '') vary.push([':derived', derived.names]);
  const request = { ...fields, ...derived.fields, target, vary: Object.fromEntries(vary) };
  return tenant === undefined ? request : { ...request, tenant };
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
