/** What is wrong with an option, or with the variable of the environment that sets it. */
import { AICacheError } from './ai-cache-error.ts';

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

/** Of `stats()`. */
export function statsAcrossWithoutRedis(): AICacheError {
  return new AICacheError('INVALID_OPTION', 'stats() was asked for all processes and there is no "redis".', {
    option: 'across',
    help: 'Say with "redis" where Redis is, or ask for across: \'process\'.',
    status: 400,
  });
}

/** `shown` is made by config/shown-value.ts. */
export function invalidStatsAcross(shown: string): AICacheError {
  return new AICacheError('INVALID_OPTION', `The option "across" of stats() is ${shown}.`, {
    option: 'across',
    help: "Allowed: 'process', which is the default, and 'cluster'.",
    status: 400,
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
    help: "Pass a function (req, action) that returns true for those who may, or 'none' to let everybody look and change.",
  });
}

/** `wrong` says nothing of the secret but its length. */
export function webhookSecretRefused(wrong: string): AICacheError {
  return new AICacheError('INVALID_OPTION', `The option "secret" of collectionWebhook() is ${wrong}.`, {
    option: 'secret',
    help: 'Give at least 16 random bytes as text, for example from `openssl rand -hex 32`, without white space at the ends; or an array of such secrets while one takes the place of another.',
  });
}

/** The address is not shown: it may hold a password. */
export function redisAddressRefused(): AICacheError {
  return new AICacheError('INVALID_OPTION', 'Option "redis" is no address of a Redis.', {
    option: 'redis',
    help: 'Allowed is redis://, rediss:// or unix:// with an absolute path, the absolute path of a socket, or an ioredis client; a password in a URL is percent-encoded.',
  });
}

/** Once for each such model; the names are made by config/shown-value.ts, a caller may have chosen them. */
export function unknownModel(model: string, provider: string | undefined): AICacheError {
  const of = provider === undefined ? '' : ` of the provider ${provider}`;
  return new AICacheError('UNKNOWN_MODEL', `Nobody knows what the model ${model}${of} costs.`, {
    option: 'prices',
    help: 'Where its family is not known either its cost tier is medium, and what its answers save is counted as unknown where they do not name a model that has a price. Say in "prices" what it costs, in "ttl.costTiers" which tier it is in, or with the mount\'s options "model" and "provider" what it is called by whom. This is reported once.',
  });
}

export function pricesMissing(cause: unknown): AICacheError {
  return new AICacheError('PRICES_MISSING', 'The price table @pydantic/genai-prices cannot be loaded.', {
    option: 'prices',
    help: 'What answers save is counted without money, but for models in "prices"; a bundler has to leave this package outside. This is reported once.',
    cause,
  });
}
