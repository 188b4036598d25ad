/** A unix socket in front of a Redis whose traffic can be held back: a network that delays, as long as a test wants. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { RedisServer } from './redis-server.ts';

export interface RedisProxy {
  /** What the cache's `redis` option takes. */
  readonly url: string;
  /** What is sent from now on arrives when it is released; nothing is lost. */
  hold(direction: 'commands' | 'replies' | 'both'): void;
  release(): void;
  /** Resolves when something is held back. */
  held(): Promise<void>;
}

let proxies = 0;

/** Starts a proxy; it ends with the test. */
export async function startProxy(redis: RedisServer): Promise<RedisProxy> {
  proxies += 1;
  const url = `${redis.path}.${proxies}`;
  const waiting: (() => void)[] = [];
  const holding = new Set<string>();
  const sockets = new Set<Socket>();
  let onHeld: (() => void) | undefined;

  const forward = (direction: string, from: Socket, to: Socket): void => {
    from.on('data', (chunk) => {
      if (holding.has(direction)) {
        waiting.push(() => void to.write(chunk));
        onHeld?.();
      } else to.write(chunk);
    });
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
    sockets.add(from);
  };
  const server = createServer((client) => {
    const upstream = connect(redis.path);
    forward('commands', client, upstream);
    forward('replies', upstream, client);
  }).listen(url);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  });

  return {
    url,
    hold: (direction) => {
      for (const one of direction === 'both' ? ['commands', 'replies'] : [direction]) holding.add(one);
    },
    release: () => {
      holding.clear();
      for (const deliver of waiting.splice(0)) deliver();
    },
    held: () =>
      new Promise((resolve) => {
        onHeld = resolve;
        if (waiting.length > 0) resolve();
      }),
  };
}
