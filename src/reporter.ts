import type { Config } from './config/config.ts';
import { AICacheError, internalFault } from './errors.ts';

/** Gives errors to `onError`, as AICacheErrors all of them; never throws. */
export function reporterOf(onError: Config['onError']): (error: unknown) => void {
  return (error) => {
    try {
      onError(error instanceof AICacheError ? error : internalFault(error));
    } catch {
      // The function that takes errors failed itself: there is nobody left to tell.
    }
  };
}
