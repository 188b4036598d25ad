/** What went wrong with Redis, without keys, values or passwords. */
import { AICacheError } from './ai-cache-error.ts';

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

/** `reason` is a code, as in `redisUnreachable`. Nothing is pretended: what was to go may still be served. */
export function invalidationFailed(operation: string, reason: string, cause?: unknown): AICacheError {
  return new AICacheError('REDIS_FAILED', `Redis failed to ${operation} entries: ${reason}.`, {
    help: 'Some of them may still be served; call it again when Redis answers, it does no harm twice.',
    status: 503,
    cause,
  });
}

export function newsNotHeard(reason: string): AICacheError {
  return new AICacheError('REDIS_FAILED', `Redis refused the channel of invalidations: ${reason}.`, {
    help: 'They hold all the same, but each takes a second; allow SUBSCRIBE and PUBLISH on channels that begin with the namespace.',
  });
}

/** `reason` is a code, as in `redisUnreachable`. */
export function statisticsFailed(reason: string, cause: unknown): AICacheError {
  return new AICacheError('REDIS_FAILED', `Redis failed to keep the statistics of all processes: ${reason}.`, {
    help: "Those of this process are right all the same: ask for across: 'process'; what was not written is written later.",
    status: 503,
    cause,
  });
}

export function statisticsTimedOut(timeoutMs: number): AICacheError {
  return new AICacheError(
    'REDIS_TIMEOUT',
    `Redis did not keep the statistics of all processes within ${timeoutMs} ms.`,
    {
      option: 'redisTimeoutMs',
      help: "Those of this process are right all the same: ask for across: 'process'; what was not written is written later.",
      status: 503,
    },
  );
}

/** Told by `close`; the requests themselves were answered. */
export function statisticsLost(cause: unknown): AICacheError {
  return new AICacheError('REDIS_FAILED', 'The last statistics of this process could not be written to Redis.', {
    help: 'They are missing from the statistics of all processes; close the cache while Redis can be reached.',
    cause,
  });
}
