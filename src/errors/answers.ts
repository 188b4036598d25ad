/** What is wrong with an answer, or why there is none. */
import { AICacheError } from './ai-cache-error.ts';

/** For the application's error handler; answered 502 where that asks the error. */
export function fillFailedTwice(): AICacheError {
  return new AICacheError(
    'FILL_FAILED',
    'Two equal requests before this one failed without an answer that could be shared.',
    {
      help: 'Look at why the handler ends without a whole response; this request may be tried again.',
      status: 502,
    },
  );
}

export function invalidTtl(option: string, seconds: unknown): AICacheError {
  return new AICacheError(
    'INVALID_RESPONSE',
    `${option} is ${typeof seconds === 'number' ? seconds : typeof seconds}.`,
    {
      help: 'Give a finite number of seconds from 0.',
      option,
    },
  );
}

export function invalidUsage(): AICacheError {
  return new AICacheError(
    'INVALID_RESPONSE',
    'aiCacheContext(req).usage() was given counts that are not whole numbers from 0.',
    {
      help: 'Give it { inputTokens, outputTokens } as the provider counted them.',
      option: 'usage',
    },
  );
}

/** A response given to `set` or made by `getOrFill`; the value is not shown, it is an answer. */
export function invalidResponse(field: string, expected: string): AICacheError {
  return new AICacheError('INVALID_RESPONSE', `The field "${field}" of the response is not ${expected}.`, {
    help: 'Give a JSON value, a string, a Buffer, or { status?, headers?, body }.',
    option: field,
  });
}

/** A stale answer that cannot be made anew in the background; told once a minute at most. */
export function refreshImpossible(reason: string): AICacheError {
  return new AICacheError('REFRESH_IMPOSSIBLE', `A stale answer is not made anew in the background: ${reason}.`, {
    help: 'It is made when it has expired; set staleWhileRevalidateSeconds to 0 on such a route.',
    option: 'staleWhileRevalidateSeconds',
  });
}
