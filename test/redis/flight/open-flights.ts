import { deepEqual } from 'node:assert/strict';
import type { Cluster } from 'ioredis';
import { systemClock } from '../../../src/clock.ts';
import type { AICacheError } from '../../../src/errors.ts';
import { ClusterFlights, type ClusterFlightsOptions, type ClusterPart } from '../../../src/flight/cluster-flights.ts';
import type { LiveState, LiveStream } from '../../../src/flight/live-stream.ts';
import { createClient, type RedisClient } from '../../../src/tiers/redis-client.ts';
import { RedisConnection } from '../../../src/tiers/redis-connection.ts';
import type { RedisServer } from '../../support/redis-server.ts';

export interface OpenFlights {
  readonly flights: ClusterFlights;
  readonly connection: RedisConnection;
  readonly errors: AICacheError[];
  /** The blocking clients that were made. */
  readonly blocking: RedisClient[];
  /** How often one was asked for. */
  readonly blockingAsked: () => number;
  close(): Promise<void>;
}

export type FlightSettings = Partial<
  Pick<ClusterFlightsOptions, 'timeoutMs' | 'leaseMs' | 'waitMs' | 'maxBytes' | 'version' | 'clock'>
> & {
  /** Holds back every step in Redis until it resolves. */
  readonly before?: () => Promise<void>;
  /** False: no connection that waits can be made. */
  readonly canWait?: boolean;
};

/** The flights of one process, connected as the cache connects them. */
export function openFlights(redis: string | RedisClient, options: FlightSettings = {}): OpenFlights {
  const { before, canWait = true, ...settings } = options;
  const errors: AICacheError[] = [];
  const blocking: RedisClient[] = [];
  let asked = 0;
  const onError = (error: AICacheError): unknown => errors.push(error);
  const timeoutMs = settings.timeoutMs ?? 5_000;
  const connection = new RedisConnection({ redis, timeoutMs, onError });
  const flights = new ClusterFlights({
    client: async () => {
      await before?.();
      return connection.client();
    },
    blockingClient: async () => {
      asked += 1;
      if (!canWait) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      const client = withoutTimeout(await createClient(redis, timeoutMs));
      blocking.push(client);
      return client;
    },
    timeoutMs,
    namespace: 'test',
    version: 1,
    leaseMs: 10_000,
    waitMs: 60_000,
    maxBytes: 1 << 20,
    clock: systemClock,
    onError,
    ...settings,
  });
  const close = async (): Promise<void> => {
    await flights.close();
    await connection.close();
  };
  return { flights, connection, errors, blocking, blockingAsked: () => asked, close };
}

function withoutTimeout(client: RedisClient): RedisClient {
  // Absent is not enough: the options of the duplicate are laid over those of the client.
  const none = { commandTimeout: undefined } as object;
  if (!isCluster(client)) return client.duplicate(none);
  const redisOptions: object = { ...client.options.redisOptions, ...none };
  return client.duplicate([], { redisOptions });
}

function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}

type Leader = Extract<ClusterPart, { role: 'leader' }>;
type Follower = Extract<ClusterPart, { role: 'follower' }>;

/** Enters and must lead. */
export async function lead({ flights }: Pick<OpenFlights, 'flights'>, digest: string): Promise<Leader['fill']> {
  const part = await flights.enter(digest);
  if (part.role !== 'leader') throw new Error(`This part is ${part.role}, not leader.`);
  return part.fill;
}

/** Enters and must follow. */
export async function follow({ flights }: Pick<OpenFlights, 'flights'>, digest: string): Promise<Follower> {
  const part = await flights.enter(digest);
  if (part.role !== 'follower') throw new Error(`This part is ${part.role}, not follower.`);
  return part;
}

/** All chunks of a live stream and how it ended, in copies made as they came. */
export function collect(stream: LiveStream): Promise<{ state: LiveState; chunks: string[]; body: Buffer }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const read = (): void => {
      for (let chunk = stream.at(chunks.length); chunk !== undefined; chunk = stream.at(chunks.length))
        chunks.push(Buffer.from(chunk));
      if (stream.state === 'open') return;
      stop();
      resolve({ state: stream.state, chunks: chunks.map(String), body: Buffer.concat(chunks) });
    };
    const stop = stream.onChange(read);
    read();
  });
}

/** Throws unless nothing is left behind: no part of a flight, no lease, no key without an expiry; and nothing was reported. */
export async function closeCleanly(server: Pick<RedisServer, 'cli'>, opened: readonly OpenFlights[]): Promise<void> {
  deepEqual(await keysWithoutExpiry(server), []);
  await Promise.all(opened.map(({ close }) => close()));
  for (const { flights, errors } of opened) {
    deepEqual(flights.counts, { fills: 0, followers: 0, followings: 0, watches: 0 });
    deepEqual(errors, []);
  }
  deepEqual(await keysWithoutExpiry(server), []);
  deepEqual(await heldLeases(server), []);
}

/** What is left vacant, for the next leader to go on counting, or tells where one has ended is held by nobody. */
export async function heldLeases(server: Pick<RedisServer, 'cli'>): Promise<string[]> {
  const keys = (await server.cli('KEYS', 'test:l:*')).split('\n').filter((key) => key !== '');
  const leases = await Promise.all(keys.map((key) => server.cli('GET', key)));
  return leases.filter((lease) => !/:(?:ended)?$/.test(lease));
}

/** Names of keys that would stay for ever. */
export async function keysWithoutExpiry(server: Pick<RedisServer, 'cli'>): Promise<string[]> {
  const found = await server.cli(
    'EVAL',
    "local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) == -1 then table.insert(found, key) end end return found",
    '0',
  );
  return found.split('\n').filter((line) => line !== '' && line !== '(empty array)');
}
