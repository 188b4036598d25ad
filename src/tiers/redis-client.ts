import type * as Ioredis from 'ioredis';
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { redisAddressRefused, redisMissing } from '../errors.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 1_000;

/**
 * What ioredis waits for a reply, as often as long as anybody does. It ends the commands that were left behind and a handshake
 * that hangs; the deadline of a request is GuardedTier's, which after a pause of this process reads the socket before it judges.
 */
const COMMAND_TIMEOUT_FACTOR = 2;

/** How long a connection that we end may stay half open before it is destroyed. */
const DISCONNECT_TIMEOUT_MS = 200;

/** A Redis that loads its data set is asked again so often. */
const LOADING_RETRY_MS = 1_000;

/** READONLY after a failover means: connect anew. From a replica that stays one it must not cost every read its connection. */
const READONLY_RECONNECT_MS = 2_000;

/**
 * An ioredis client of our own that has not connected yet: to an address, or like a given client, which is neither used nor
 * changed. ioredis is loaded only for an address. Without `timeoutMs` a command may take any time: one that waits must.
 *
 * Throws REDIS_MISSING where ioredis is not installed, INVALID_OPTION for an address it cannot read.
 */
export async function createClient(redis: string | RedisClient, timeoutMs?: number): Promise<RedisClient> {
  const options = connectionOptions(timeoutMs);
  if (typeof redis !== 'string') return duplicate(redis, options);
  const { Redis: Client } = await loadIoredis();
  try {
    return new Client(addressFor(redis, options), options);
  } catch {
    // The error of a URL holds the URL, and with it the password.
    throw redisAddressRefused();
  }
}

function connectionOptions(timeoutMs: number | undefined) {
  return {
    lazyConnect: true,
    keyPrefix: '',
    commandTimeout: timeoutMs === undefined ? undefined : COMMAND_TIMEOUT_FACTOR * timeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // RedisConnection reconnects: its timer, unlike ioredis', does not keep the process alive.
    retryStrategy: (): null => null,
    reconnectOnError: reconnectOnReadonly(),
    // ioredis 6.0.0 never settles the commands of a lost connection without it; with no retries left they reject at once.
    autoResendUnfulfilledCommands: true,
    // Who subscribes does it again: ioredis leaves the promise of its own attempt to nobody, and a rejection ends the process.
    autoResubscribe: false,
    enableReadyCheck: true,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    // Commands of one tick are on the wire without waiting for each other's replies anyhow; batches would add a tick to each.
    enableAutoPipelining: false,
    // A template may have these for purposes of its own.
    monitor: false,
    readOnly: false,
    stringNumbers: false,
  } satisfies RedisOptions;
}

function reconnectOnReadonly(): (error: Error) => 1 | false {
  let lastReconnect = -Infinity;
  return (error) => {
    if (!error.message.startsWith('READONLY') || performance.now() - lastReconnect < READONLY_RECONNECT_MS)
      return false;
    lastReconnect = performance.now();
    return 1;
  };
}

function duplicate(template: RedisClient, options: ReturnType<typeof connectionOptions>): RedisClient {
  if (!isCluster(template)) return template.duplicate(options);
  const clusterOptions = {
    lazyConnect: true,
    keyPrefix: '',
    enableOfflineQueue: false,
    enableReadyCheck: true,
    enableAutoPipelining: false,
    clusterRetryStrategy: (): null => null,
    clusterNodeRetryStrategy: null,
    // A replica may still have what was invalidated.
    scaleReads: 'master',
    // ioredis 5 does not merge these: without the template's own the password would be gone.
    redisOptions: { ...template.options.redisOptions, ...options } as typeof options,
  } satisfies ClusterOptions;
  return template.duplicate([], clusterOptions);
}

function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}

/** The address as ioredis takes it, without query parameters that would override our options. */
function addressFor(address: string, options: object): string {
  const withoutUnix = address.replace(/^unix:\/\//i, '');
  const [place = '', query] = withoutUnix.split(/\?(.*)/s);
  if (query === undefined) return place;
  const parameters = new URLSearchParams(query);
  for (const name of Object.keys(options)) parameters.delete(name);
  return parameters.size === 0 ? place : `${place}?${parameters.toString()}`;
}

async function loadIoredis(): Promise<typeof Ioredis> {
  try {
    return await import('ioredis');
  } catch (error) {
    throw redisMissing(error);
  }
}
