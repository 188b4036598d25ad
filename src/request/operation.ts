import type { JsonObject } from './ai-request.ts';

/** The members that tell a provider's request, and the path it goes to; a body with `messages` is a chat wherever it goes. */
const SHAPES = [
  { member: 'messages', path: /(?:)/, operation: 'chat' },
  { member: 'input', path: /\/embeddings\/?$/, operation: 'embeddings' },
  { member: 'input', path: /\/responses\/?$/, operation: 'responses' },
  { member: 'prompt', path: /\/completions\/?$/, operation: 'completions' },
] as const;

/**
 * What a request of a provider's API is for, where it does not say: `chat`, `embeddings`, `responses` or `completions`. Undefined
 * for every other body, the plain `{ text, … }` too. `path`: that of the target, without its query.
 */
export function operationOf(path: string, body: JsonObject): string | undefined {
  const lowerCase = path.toLowerCase();
  return SHAPES.find(({ member, path: pattern }) => isGiven(body, member) && pattern.test(lowerCase))?.operation;
}

function isGiven(body: JsonObject, member: string): boolean {
  if (!Object.hasOwn(body, member)) return false;
  const value = body[member];
  return member === 'messages' ? Array.isArray(value) : typeof value === 'string' || Array.isArray(value);
}
