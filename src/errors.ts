/** Every error of this package and every message text. */

export type AICacheErrorCode =
  | 'INVALID_OPTION'
  | 'UNKNOWN_OPTION'
  | 'INVALID_ENV'
  | 'UNKNOWN_ENV'
  | 'INVALID_REQUEST'
  | 'INVALID_RESPONSE'
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

export function hashAlgorithmRefused(algorithm: unknown, allowed: readonly string[]): AICacheError {
  const shown = typeof algorithm === 'string' ? JSON.stringify(algorithm.slice(0, 40)) : typeof algorithm;
  return new AICacheError('INVALID_OPTION', `hashAlgorithm ${shown} is not allowed.`, {
    help: `Use one of ${allowed.join(', ')}; others are broken, too short or unknown here.`,
    option: 'hashAlgorithm',
  });
}

export function textHashThresholdRefused(threshold: unknown): AICacheError {
  const shown = typeof threshold === 'number' ? String(threshold) : typeof threshold;
  return new AICacheError('INVALID_OPTION', `textHashThreshold ${shown} is not a whole number from 0.`, {
    help: 'It is a number of characters; 0 keeps all text out of the key.',
    option: 'textHashThreshold',
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

/** `shown` and every other value in a message is made by config/shown-value.ts. */
export function invalidOption(path: string, shown: string, allowed: string): AICacheError {
  const message = path === '' ? `The options are ${shown}.` : `Option "${path}" is ${shown}.`;
  return new AICacheError('INVALID_OPTION', message, { option: path, help: `Allowed: ${allowed}.` });
}

export function unknownOption(path: string, nearest: string): AICacheError {
  return new AICacheError('UNKNOWN_OPTION', `There is no option "${path}".`, {
    option: path,
    help: `Did you mean "${nearest}"?`,
  });
}

export function noTier(): AICacheError {
  return new AICacheError(
    'INVALID_OPTION',
    'Option "memory" is false and there is no "redis": the cache would have no tier.',
    {
      option: 'memory',
      help: 'Leave "memory" out, or say with "redis" where Redis is.',
    },
  );
}

/** Without Redis there is nothing that the processes could wait for each other by. */
export function clusterWithoutRedis(): AICacheError {
  return new AICacheError('INVALID_OPTION', 'Option "coalesce.across" is "cluster" and there is no "redis".', {
    option: 'coalesce.across',
    help: 'Say with "redis" where Redis is, or leave "coalesce.across" out.',
  });
}

export function cacheWithOption(option: string): AICacheError {
  return new AICacheError('INVALID_OPTION', `Option "${option}" is given beside "cache", which has its own.`, {
    option,
    help: `Give "${option}" to the AIResponseCache, or leave "cache" out.`,
  });
}

export function notACache(option: string, shown: string): AICacheError {
  return new AICacheError('INVALID_OPTION', `"${option}" is ${shown}, not an AIResponseCache.`, {
    option,
    help: 'Pass what new AIResponseCache() made, or the property "cache" of what aiCache() returned.',
  });
}

export function invalidEnv(variable: string, shown: string, allowed: string): AICacheError {
  return new AICacheError('INVALID_ENV', `The environment variable ${variable} is ${shown}.`, {
    option: variable,
    help: `Allowed: ${allowed}.`,
  });
}

export function unknownEnv(variable: string, shown: string, nearest: string): AICacheError {
  return new AICacheError('UNKNOWN_ENV', `The environment variable ${variable}, which is ${shown}, sets nothing.`, {
    option: variable,
    help: `Did you mean ${nearest}? Names with AI_CACHE_ in front are the cache's own.`,
  });
}

export function authorizeRequired(shown: string): AICacheError {
  return new AICacheError('AUTHORIZE_REQUIRED', `statsRouter() needs "authorize", which is ${shown}.`, {
    option: 'authorize',
    help: "Pass a function (req, action) that returns true for those who may look, or 'none' to let everybody look.",
  });
}

export function telemetryFailed(cause: unknown): AICacheError {
  return new AICacheError('TELEMETRY_FAILED', 'An OpenTelemetry provider threw.', {
    help: 'Requests are answered all the same; look at the cause and at the set-up of the SDK. This is reported once.',
    option: 'telemetry',
    cause,
  });
}

/** The address is not shown: it may hold a password. */
export function redisAddressRefused(): AICacheError {
  return new AICacheError('INVALID_OPTION', 'Option "redis" is no address of a Redis.', {
    option: 'redis',
    help: 'Allowed is redis://, rediss:// or unix:// with an absolute path, the absolute path of a socket, or an ioredis client; a password in a URL is percent-encoded.',
  });
}

export function redisMissing(cause: unknown): AICacheError {
  return new AICacheError('REDIS_MISSING', 'Option "redis" needs the package ioredis, which cannot be loaded.', {
    option: 'redis',
    help: 'Run npm install ioredis.',
    cause,
  });
}

/** `reason`: a code such as ECONNREFUSED or WRONGPASS (tiers/redis-failure.ts), never a message of Redis, which may hold data. */
export function redisUnreachable(reason: string): AICacheError {
  return new AICacheError('REDIS_FAILED', `No connection to Redis: ${reason}.`, {
    help: 'Requests go on without it and it is tried again every two seconds at most; check the address, the credentials and that Redis runs.',
  });
}

export function redisLost(reason: string): AICacheError {
  return new AICacheError('REDIS_FAILED', `The connection to Redis was lost: ${reason}.`, {
    help: 'Requests go on without it while it is connected again.',
  });
}

export function redisAnswered(operation: string, reason: string): AICacheError {
  return new AICacheError('REDIS_FAILED', `Redis failed to ${operation} an entry: ${reason}.`, {
    help: 'The request went on without it; the word names the error in the documentation of Redis or Node.js.',
  });
}

export function redisTimedOut(operation: string, timeoutMs: number): AICacheError {
  return new AICacheError('REDIS_TIMEOUT', `Redis did not ${operation} an entry within ${Math.round(timeoutMs)} ms.`, {
    option: 'redisTimeoutMs',
    help: 'The request went on without it; look for slow commands and a slow network before raising redisTimeoutMs.',
  });
}

export function redisReplyMismatch(operation: string): AICacheError {
  return new AICacheError(
    'REDIS_REPLY_MISMATCH',
    `Redis answered another command than the one to ${operation} an entry.`,
    {
      help: 'The answer was not used and the connection was dropped; if this repeats, look at the proxies between here and Redis.',
    },
  );
}

/** `reason` as for `redisUnreachable`. */
export function clusterFlightFailed(reason: string): AICacheError {
  return new AICacheError('REDIS_FAILED', `Redis failed to coordinate the fills of several processes: ${reason}.`, {
    option: 'coalesce.across',
    help: 'Each process runs one fill a key for itself meanwhile; the word names the error in the documentation of Redis or Node.js.',
  });
}

export function clusterFlightTimedOut(timeoutMs: number): AICacheError {
  return new AICacheError(
    'REDIS_TIMEOUT',
    `Redis did not answer within ${timeoutMs} ms when the fills of several processes were coordinated.`,
    {
      option: 'redisTimeoutMs',
      help: 'Each process runs one fill a key for itself meanwhile; look for slow commands and a slow network.',
    },
  );
}

export function clusterFlightMismatch(): AICacheError {
  return new AICacheError('REDIS_REPLY_MISMATCH', 'Redis gave the stream of another fill than the one asked for.', {
    help: 'It was not used and the connection was dropped; if this repeats, look at the proxies between here and Redis.',
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

/** `requestFor` of a request that the middleware would let past. */
export function bypassedRequest(reason: string): AICacheError {
  return new AICacheError('UNKEYABLE', `This request goes past the cache: ${reason}.`, {
    help: 'The README lists the reasons and what to do about each.',
  });
}

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

/** Once for each such model; `shown` is made by config/shown-value.ts, a caller may have chosen the name. */
export function unknownModel(shown: string): AICacheError {
  return new AICacheError('UNKNOWN_MODEL', `Nobody knows what the model ${shown} costs.`, {
    option: 'prices',
    help: 'Its cost tier is medium, and what its answers save is counted as unknown where they do not name a model that has a price. Say in "prices" what it costs, in "ttl.costTiers" which tier it is in, or with the mount\'s options "model" and "provider" what it is called by whom. This is reported once.',
  });
}

export function pricesMissing(cause: unknown): AICacheError {
  return new AICacheError('PRICES_MISSING', 'The price table @pydantic/genai-prices cannot be loaded.', {
    option: 'prices',
    help: 'What answers save is counted without money, but for models in "prices"; a bundler has to leave this package outside. This is reported once.',
    cause,
  });
}

/** A stale answer that cannot be made anew in the background; told once a minute at most. */
export function refreshImpossible(reason: string): AICacheError {
  return new AICacheError('REFRESH_IMPOSSIBLE', `A stale answer is not made anew in the background: ${reason}.`, {
    help: 'It is made when it has expired; set staleWhileRevalidateSeconds to 0 on such a route.',
    option: 'staleWhileRevalidateSeconds',
  });
}
