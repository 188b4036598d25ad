import { invalidRequestField } from '../errors.ts';
import type { AIRequest, ContentType } from './ai-request.ts';
import { isPlainObject } from './plain-object.ts';

export const CONTENT_TYPES: readonly ContentType[] = ['critical', 'standard', 'static', 'temporary'];

const OPTIONAL_TEXTS = ['target', 'provider', 'model', 'operation', 'question', 'collection', 'tenant'] as const;

/**
 * Is this an AIRequest? A member that is undefined is absent; unknown members are ignored.
 * Throws AICacheError `INVALID_REQUEST` naming the field that is not as it must be, never its value.
 */
export function checkRequest(request: unknown): asserts request is AIRequest {
  if (typeof request !== 'object' || request === null) throw invalidRequestField('request', 'an object');
  const fields = request as Readonly<Record<string, unknown>>;
  if (typeof fields.text !== 'string') throw invalidRequestField('text', 'a string');
  for (const name of OPTIONAL_TEXTS) {
    const value = fields[name];
    if (value !== undefined && typeof value !== 'string') throw invalidRequestField(name, 'a string');
  }
  if (fields.options !== undefined && !isPlainObject(fields.options)) {
    throw invalidRequestField('options', 'a plain object');
  }
  if (fields.vary !== undefined && !isRecordOfStrings(fields.vary)) {
    throw invalidRequestField('vary', 'a plain object of strings');
  }
  checkPolicy(fields);
}

/** Throws as {@link checkRequest} does, for the fields that are not in the key. */
function checkPolicy({ tags, contentType, confidence }: Readonly<Record<string, unknown>>): void {
  if (tags !== undefined && !isTags(tags)) throw invalidRequestField('tags', 'an array of strings');
  if (contentType !== undefined && !isContentType(contentType)) {
    throw invalidRequestField('contentType', `one of ${CONTENT_TYPES.join(', ')}`);
  }
  if (confidence !== undefined && !Number.isFinite(confidence)) {
    throw invalidRequestField('confidence', 'a finite number');
  }
}

/** An array of strings. */
export function isTags(value: unknown): boolean {
  return Array.isArray(value) && value.every((tag) => typeof tag === 'string');
}

function isContentType(value: unknown): boolean {
  return (CONTENT_TYPES as readonly unknown[]).includes(value);
}

function isRecordOfStrings(value: unknown): boolean {
  return isPlainObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
