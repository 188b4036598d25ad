/** A Redis for one contender alone: several use the same names for their keys. It runs where the load does. */
import { spawnSync } from 'node:child_process';
import { startRedis, type RedisServer } from '../../test/support/redis-server.ts';
import type { OnCore } from './cores.ts';

/** Distinct keys without end must not fill the machine. */
const BOUNDS = ['--maxmemory', '512mb', '--maxmemory-policy', 'allkeys-lru'];

export async function startRedisForLoad(onCore: OnCore): Promise<RedisServer> {
  const redis = await startRedis({ args: BOUNDS });
  const pid = /process_id:(\d+)/.exec(await redis.cli('info', 'server'))?.[1] ?? '';
  const [command, [, core = '']] = onCore('load', '', []);
  if (command !== '') spawnSync('taskset', ['-acp', core, pid]);
  return redis;
}
