import { isErrorReply } from './redis-failure.ts';
import type { RedisClient } from './redis-client.ts';

/** A command and its arguments. */
export type BatchCommand = readonly [name: string, ...args: (string | number)[]];

/**
 * Sends commands at once and resolves to their replies, strings as Buffers: in one pipeline, on a Cluster, where their keys lie in
 * many slots, each to its node. A value of another type is a reply too, an Error; all other errors reject.
 */
export async function sendAll(client: RedisClient, commands: readonly BatchCommand[]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  if (client.isCluster) {
    return Promise.all(commands.map(([name, ...args]) => client.callBuffer(name, ...args).catch(wrongType)));
  }
  const replies = await client.pipeline(commands.map((command) => ['callBuffer', ...command])).exec();
  return (replies ?? []).map(([error, reply]) => (error === null ? reply : wrongType(error)));
}

function wrongType(error: unknown): unknown {
  if (isErrorReply(error) && (error as Error).message.startsWith('WRONGTYPE')) return error;
  throw error;
}
