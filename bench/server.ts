/** One contender for one scenario, in a process of its own: answers until told to end, and says what it took. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CONTENDERS } from './contenders/index.ts';
import type { Running } from './contender.ts';
import { originOf } from './origin.ts';
import type { Site } from './site.ts';

export interface Order {
  readonly contender: string;
  readonly site: Site;
}

/** What the parent may ask, and what it gets. */
export interface Replies {
  readonly cpuMicros: number;
  readonly runs: number;
}

export type Started = { readonly port: number } | { readonly cannot: string };
export type Question = keyof Replies;

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const listed = CONTENDERS.find(({ name }) => name === order.contender);
if (listed === undefined) throw new Error(`There is no contender ${order.contender}.`);
const contender = await listed.load();
const reason = contender.cannot(order.site);
if (reason === undefined) await answer();
else refuse(reason);

async function answer(): Promise<void> {
  const origin = originOf(order.site);
  const running = await contender.start(order.site, origin);
  const port = await portOf(running);
  const replies: Readonly<Record<Question, () => number>> = {
    cpuMicros: () => cpuMicros(running),
    runs: () => origin.runs(),
  };
  process.on('message', (question: Question | 'end') => {
    if (question !== 'end') return say(replies[question]());
    if (typeof running !== 'function') running.stop();
    process.exit();
  });
  process.once('disconnect', () => process.exit());
  say({ port });
}

/** Stays until the parent has read it. */
function refuse(cannot: string): void {
  process.on('message', () => process.exit());
  process.once('disconnect', () => process.exit());
  say({ cannot });
}

async function portOf(running: Running): Promise<number> {
  if (typeof running !== 'function') return running.port;
  const server: Server = createServer(running).listen(0, '127.0.0.1', 1_024);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function cpuMicros(running: Running): number {
  if (typeof running !== 'function') return running.cpuMicros();
  const { user, system } = process.cpuUsage();
  return user + system;
}

function say(message: Started | number): void {
  // A parent that is gone hears nothing, and the end of its channel ends this process.
  process.send?.(message, () => undefined);
}
