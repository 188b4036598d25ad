/** Every command that a Redis runs, as MONITOR shows it, those of scripts among them. */
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { RedisServer } from './redis-server.ts';

export interface RedisMonitor {
  /** The commands so far, each with its arguments; ends with the last one that was sent before this was called. */
  commands(): Promise<string[][]>;
}

export async function startMonitor(redis: RedisServer): Promise<RedisMonitor> {
  const client = new Redis(redis.path);
  const seen: string[][] = [];
  const marks = new Map<string, () => void>();
  // What this client itself asks when it connects must not reach the monitor before ioredis takes that for one.
  await client.ping();
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, args: string[]) => {
    const mark = marks.get(args[1] ?? '');
    if (mark === undefined) seen.push(args);
    else mark();
  });
  onTestFinished(() => {
    monitor.disconnect();
    client.disconnect();
  });
  return {
    commands: async () => {
      const mark = `mark ${marks.size}`;
      const reached = new Promise<void>((resolve) => marks.set(mark, resolve));
      await redis.cli('echo', mark);
      await reached;
      return [...seen];
    },
  };
}
