import { AICacheError, internalFault } from './errors.ts';

type Listener = (error: AICacheError) => void;

/** Gives errors to `keep` and to the user's `onError`; what is no AICacheError is a fault of the cache. Never throws. */
export function reporterOf(onError: Listener, keep: Listener): (error: unknown) => void {
  return (thrown) => {
    const error = thrown instanceof AICacheError ? thrown : internalFault(thrown);
    keep(error);
    try {
      onError(error);
    } catch {
      // The function that takes errors failed itself: there is nobody left to tell.
    }
  };
}
