import { isUtf8 } from 'node:buffer';
import type { AIRequest, JsonObject, JsonValue } from './ai-request.ts';
import type { RequestBody } from './body.ts';

/** A body that can be keyed. */
export type KeyableBody = Exclude<RequestBody, { readonly form: 'unkeyable' }>;

/** What a body says. `form` is absent for an object and for none; it keeps other bodies apart from those and each other. */
export interface Description extends Pick<AIRequest, 'text' | LiftedName | 'options'> {
  readonly form?: BodyForm;
}

export type BodyForm = 'json' | 'text' | 'utf8' | 'latin1';

type LiftedName = (typeof LIFTED_NAMES)[number];

const LIFTED_NAMES = ['provider', 'model', 'operation', 'question'] as const;

/** Where the APIs of the providers have their text; a body with one of these keeps its `text` among the options. */
const PROMPT_MEMBERS = ['system', 'messages', 'prompt', 'input', 'contents'] as const;

/** What a message, or a part of one, has its text in. */
const CONTENT_MEMBERS = ['content', 'text', 'parts'] as const;
const MAX_CONTENT_DEPTH = 8;

/**
 * The default description: a body and its description are one to one, so that different bodies have different keys.
 *
 * Of an object, the members text, provider, model, operation and question become fields of that name where they are strings and
 * not empty; `options` is the rest of the body, its own member `options` included. A body with messages, prompt, input, system or
 * contents keeps `text` in the rest, and the field `text` is all of its text: for the size class, the rest holds it too.
 * Nothing else is taken from a body: collection, tags, contentType, confidence and tenant are the route's to say.
 *
 * @param ignored Names of members of an object that do not count.
 * @param kept Names that stay in the rest as well, because the route may set that field and the body's member would be lost.
 */
export function describeBody(body: KeyableBody, ignored: readonly string[], kept: readonly string[]): Description {
  if (body.form === 'object') return describeObject(withoutMembers(body.value, ignored), kept);
  const { form, value } = wholeBody(body, ignored);
  if (typeof value === 'string' && form !== undefined) return { text: value, form };
  return form === undefined ? { text: '' } : { text: '', options: { value }, form };
}

/** All of a body as a JSON value, members of these names left out of an object. */
export function wholeBody(
  body: KeyableBody,
  ignored: readonly string[],
): { readonly form?: BodyForm; readonly value?: JsonValue } {
  switch (body.form) {
    case 'none':
      return {};
    case 'object':
      return { value: withoutMembers(body.value, ignored) };
    case 'bytes':
      return isUtf8(body.value)
        ? { form: 'utf8', value: body.value.toString('utf8') }
        : { form: 'latin1', value: body.value.toString('latin1') };
    default:
      return { form: body.form, value: body.value };
  }
}

function describeObject(body: JsonObject, kept: readonly string[]): Description {
  const fields: { -readonly [Name in LiftedName]?: string } = {};
  const lifted: string[] = [];
  for (const name of LIFTED_NAMES) {
    const value = memberOf(body, name);
    if (!isLiftable(value)) continue;
    fields[name] = value;
    if (!kept.includes(name)) lifted.push(name);
  }
  if (PROMPT_MEMBERS.some((name) => Object.hasOwn(body, name))) {
    return { ...fields, text: promptText(body), options: withoutMembers(body, lifted) };
  }
  const text = memberOf(body, 'text');
  if (!isLiftable(text)) return { ...fields, text: '', options: withoutMembers(body, lifted) };
  return { ...fields, text, options: withoutMembers(body, [...lifted, 'text']) };
}

/** An empty string stays in the body: a field says nothing of where it came from. */
function isLiftable(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function memberOf(body: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

/** Without a prototype, so that a member named `__proto__` stays a member. */
function withoutMembers(body: JsonObject, names: readonly string[]): JsonObject {
  if (!names.some((name) => Object.hasOwn(body, name))) return body;
  const rest = Object.create(null) as Record<string, JsonValue | undefined>;
  for (const name of Object.keys(body)) {
    if (!names.includes(name)) rest[name] = body[name];
  }
  return rest;
}

function promptText(body: JsonObject): string {
  const texts: string[] = [];
  for (const name of ['text', ...PROMPT_MEMBERS]) collectText(memberOf(body, name), texts, 0);
  return texts.join('\n');
}

function collectText(value: JsonValue | undefined, texts: string[], depth: number): void {
  if (typeof value === 'string') texts.push(value);
  if (typeof value !== 'object' || value === null || depth > MAX_CONTENT_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) collectText(item, texts, depth + 1);
    return;
  }
  for (const name of CONTENT_MEMBERS) collectText(memberOf(value as JsonObject, name), texts, depth + 1);
}
