import type { AIRequest, JsonObject, JsonValue } from './ai-request.ts';

/**
 * A copy that shares nothing with this request but members of other names: whoever has the one does not change the other.
 * The request must be keyable.
 */
export function copyOf<R extends AIRequest>(request: R): R {
  const { options, vary, tags } = request;
  return {
    ...request,
    ...(options === undefined ? {} : { options: membersOf(options) }),
    ...(vary === undefined ? {} : { vary: { ...vary } }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  };
}

/** `structuredClone` copies every text too, which is most of a request. */
function valueOf(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map((item) => valueOf(item) as JsonValue) : membersOf(value as JsonObject);
}

function membersOf(object: JsonObject): JsonObject {
  // An own `__proto__` stays one.
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, valueOf(value)]));
}
