/** What is wrong with a call of `warm`, and with what it was given to run. */
import { AICacheError } from './ai-cache-error.ts';

/** `shown` is made by config/shown-value.ts. */
export function invalidWarmOption(option: string, shown: string, allowed: string): AICacheError {
  return new AICacheError('INVALID_OPTION', `The option "${option}" of warm() is ${shown}.`, {
    option,
    help: `Allowed: ${allowed}.`,
    status: 400,
  });
}

export function warmItemsNotIterable(shown: string): AICacheError {
  return new AICacheError('INVALID_REQUEST', `warm() was given ${shown} to warm.`, {
    option: 'items',
    help: 'Give it an array of items, or another iterable or async iterable of them.',
    status: 400,
  });
}

/** A request to be run through the app; the value is not shown, it may be a prompt. */
export function invalidWarmRequest(field: string, expected: string): AICacheError {
  return new AICacheError('INVALID_REQUEST', `The field "${field}" of the request to warm is not ${expected}.`, {
    option: field,
    help: 'Give { url, method?, headers?, body? }, as a client would send it.',
    status: 400,
  });
}

/** Told once a call. */
export function progressFailed(cause: unknown): AICacheError {
  return new AICacheError('USER_FUNCTION_FAILED', 'The function "onProgress" of warm() failed.', {
    option: 'onProgress',
    help: 'The warming goes on all the same; see the cause.',
    cause,
  });
}
