export type AICacheErrorCode =
  | 'INVALID_OPTION'
  | 'UNKNOWN_OPTION'
  | 'INVALID_ENV'
  | 'UNKNOWN_ENV'
  | 'INVALID_REQUEST'
  | 'INVALID_RESPONSE'
  | 'INVALID_SELECTOR'
  | 'UNKEYABLE'
  | 'AUTHORIZE_REQUIRED'
  | 'REDIS_FAILED'
  | 'REDIS_TIMEOUT'
  | 'REDIS_REPLY_MISMATCH'
  | 'REDIS_MISSING'
  | 'USER_FUNCTION_FAILED'
  | 'FILL_FAILED'
  | 'REFRESH_IMPOSSIBLE'
  | 'TELEMETRY_FAILED'
  | 'UNKNOWN_MODEL'
  | 'PRICES_MISSING'
  | 'CASCADE_FAILED'
  | 'CASCADE_REFUSED'
  | 'TRANSLATION_UNREADABLE'
  | 'INTERNAL'
  | 'CLOSED';

export interface AICacheErrorDetails {
  /** What to do about it, one sentence. */
  help: string;
  /** The option, variable or field at fault. */
  option?: string;
  cause?: unknown;
  /** HTTP status for an error handler that asks the error. */
  status?: number;
}

/** An error of the cache: `code` for programs, `message` for people, `help` says what to do. */
export class AICacheError extends Error {
  override readonly name = 'AICacheError';
  readonly code: AICacheErrorCode;
  readonly help: string;
  readonly option: string | undefined;
  /** HTTP status, where the error is for the application's error handler. */
  readonly status: number | undefined;

  constructor(code: AICacheErrorCode, message: string, details: AICacheErrorDetails) {
    super(`${message} ${details.help}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.help = details.help;
    this.option = details.option;
    this.status = details.status;
  }
}
