import { AICacheError } from '../../../src/errors.ts';

/** The error of a call that must fail with one of the package's own. */
export function errorOf(call: () => unknown): AICacheError {
  try {
    call();
  } catch (error) {
    if (error instanceof AICacheError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
