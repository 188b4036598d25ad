import { userFunctionReturned, userFunctionThrew } from '../errors.ts';

/**
 * What the function of an option answers about this, a request or nothing. Throws AICacheError `USER_FUNCTION_FAILED` where it throws (with what it
 * threw as the cause) or answers with a promise: a promise is neither true nor a name, and nobody would wait for it.
 */
export function callUserFunction<A, T>(option: string, answer: (about: A) => T, about: A): T {
  let value: T;
  try {
    value = answer(about);
  } catch (cause) {
    throw userFunctionThrew(option, cause);
  }
  if (isThenable(value)) {
    // A rejection that nobody handles would end the process.
    value.then(undefined, () => undefined);
    throw userFunctionReturned(option, 'a plain value');
  }
  return value;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
