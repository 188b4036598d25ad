import type { FailureReason } from '../errors.ts';
import { AICacheError } from '../errors.ts';
import { retryAfterMs } from './retry-after.ts';

/** Statuses of a server that could not yet (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4); 5xx, 529 among them, are the others. */
const WORTH_A_RETRY: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an attempt came to that gave no answer. */
export class ProviderFault extends Error {
  /** What telemetry calls it. */
  override readonly name: string;
  readonly reason: FailureReason;
  readonly status: number | undefined;
  /** The same attempt may go well in a moment. */
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: FailureReason,
    cause: unknown,
    {
      status,
      isRetryable = false,
      waitMs,
    }: { status?: number; isRetryable?: boolean; waitMs?: number | undefined } = {},
  ) {
    super(reason, { cause });
    this.name = status === undefined ? reason : String(status);
    this.reason = reason;
    this.status = status;
    this.isRetryable = isRetryable;
    this.retryAfterMs = waitMs;
  }
}

/**
 * What an error of a provider's SDK says: its status and its headers, where the official SDKs, the AI SDK, `fetch` wrappers and axios have
 * them. One without a status is a failure of the network.
 */
export function faultOf(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error;
  const { response, headers, responseHeaders } = membersOf(error);
  const status = statusIn(error) ?? statusIn(response);
  // A value that is no answer will be none the next time.
  if (error instanceof AICacheError) return new ProviderFault('bad-answer', error);
  if (status === undefined) return new ProviderFault('no-response', error, { isRetryable: true });
  return statusFault(status, headers ?? responseHeaders ?? membersOf(response).headers, error);
}

export function statusFault(status: number, headers: unknown, cause: unknown): ProviderFault {
  return new ProviderFault('status', cause, {
    status,
    isRetryable: status >= 500 || WORTH_A_RETRY.has(status),
    waitMs: retryAfterMs(headers),
  });
}

function statusIn(value: unknown): number | undefined {
  const { status, statusCode } = membersOf(value);
  return [status, statusCode].find(
    (one): one is number => Number.isInteger(one) && (one as number) >= 300 && (one as number) <= 599,
  );
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
