/** What is wrong with a request, and with the functions of options that are asked about it. */
import { AICacheError } from './ai-cache-error.ts';

/** A value that has no canonical JSON text; `path` says where it is, never what it is. */
export function unkeyableValue(path: string, reason: string): AICacheError {
  return new AICacheError('UNKEYABLE', `${path} cannot be part of a cache key: ${reason}.`, {
    help: 'Keys are made from JSON values: strings, booleans, null, finite numbers that are exact, arrays and plain objects.',
    option: path,
  });
}

/** A field of an AIRequest that is not what it must be; the value is not shown, it may be a prompt. */
export function invalidRequestField(field: string, expected: string): AICacheError {
  return new AICacheError('INVALID_REQUEST', `The field "${field}" of the request is not ${expected}.`, {
    help: `Make it ${expected}, or leave it out where it is optional.`,
    option: field,
  });
}

/** A function that an option holds threw; what it threw is the `cause`, its message may hold a prompt and is not repeated. */
export function userFunctionThrew(option: string, cause: unknown): AICacheError {
  return new AICacheError('USER_FUNCTION_FAILED', `The function of the option "${option}" threw.`, {
    help: 'The request went past the cache; see the cause.',
    option,
    cause,
  });
}

export function userFunctionReturned(option: string, expected: string): AICacheError {
  return new AICacheError(
    'USER_FUNCTION_FAILED',
    `The function of the option "${option}" did not return ${expected}.`,
    {
      help: 'The request went past the cache; the function must answer at once, not with a promise.',
      option,
    },
  );
}

/** `requestFor` of a request that the middleware would let past. */
export function bypassedRequest(reason: string): AICacheError {
  return new AICacheError('UNKEYABLE', `This request goes past the cache: ${reason}.`, {
    help: 'The README lists the reasons, under "What is never cached", and what to do about each.',
  });
}

/** `field`: of a selector given to `invalidate` or `expire`, or `selector` itself; the value is not shown, it is a caller's. */
export function invalidSelector(field: string, expected: string): AICacheError {
  const what = field === 'selector' ? 'The selector' : `The field "${field}" of the selector`;
  return new AICacheError('INVALID_SELECTOR', `${what} is not ${expected}.`, {
    help: 'Give at least one of provider, model, operation, collection, tag and key; to remove everything, call clear().',
    option: field,
    status: 400,
  });
}

export function unknownSelectorField(field: string, nearest: string): AICacheError {
  return new AICacheError('INVALID_SELECTOR', `A selector has no field "${field}".`, {
    help: `Did you mean "${nearest}"?`,
    option: field,
    status: 400,
  });
}

/** `shown` is made by config/shown-value.ts. */
export function notAnArray(method: string, parameter: string, shown: string): AICacheError {
  return new AICacheError('INVALID_REQUEST', `${method}() was given ${shown}, not an array.`, {
    help: `Give it an array of ${parameter}.`,
    option: parameter,
    status: 400,
  });
}
