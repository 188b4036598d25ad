/** What is wrong with the cache itself. */
import { AICacheError } from './ai-cache-error.ts';

export function telemetryFailed(cause: unknown): AICacheError {
  return new AICacheError('TELEMETRY_FAILED', 'An OpenTelemetry provider threw.', {
    help: 'Requests are answered all the same; look at the cause and at the set-up of the SDK. This is reported once.',
    option: 'telemetry',
    cause,
  });
}

export function cacheClosed(): AICacheError {
  return new AICacheError('CLOSED', 'This cache has been closed.', {
    help: 'Call close() only when no more requests come.',
  });
}

/** A fault of the cache itself. */
export function internalFault(cause: unknown): AICacheError {
  return new AICacheError('INTERNAL', 'The cache failed.', {
    help: 'The request went on without it; please report this with its cause.',
    cause,
  });
}
