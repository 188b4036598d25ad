/** A contender in its process, as the parent sees it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Question, Replies, Started } from '../server.ts';
import type { OnCore } from './cores.ts';

const SERVER = fileURLToPath(new URL('../server.ts', import.meta.url));
/** Longer than any contender needs to start on a busy machine, milliseconds. */
const START_MS = 60_000;

export interface Child {
  readonly name: string;
  readonly port: number;
  /** The first error that it printed; empty: none. */
  complaint(): string;
  ask(question: Question): Promise<Replies[Question]>;
  end(): Promise<void>;
}

/** Resolves to the contender, answering, or to why it does not take part. */
export async function startChild(order: Order, onCore: OnCore): Promise<Child | { cannot: string }> {
  const { contender } = order;
  const [command, args] = onCore('server', process.execPath, [...process.execArgv, SERVER, JSON.stringify(order)]);
  // As deployed: Express and some peers do less for development.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint === '') complaint = /^.*Error.*$/m.exec(chunk.toString())?.[0] ?? '';
  });
  const started = (await next(child, contender)) as Started;
  if ('cannot' in started) {
    child.kill();
    return started;
  }
  return {
    name: contender,
    port: started.port,
    complaint: () => complaint,
    ask: async (question) => {
      child.send(question);
      return (await next(child, contender)) as number;
    },
    end: async () => {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.send('end');
      await gone;
    },
  };
}

async function next(child: ChildProcess, name: string): Promise<unknown> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(START_MS)]);
  try {
    const message = once(child, 'message', { signal });
    const death = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${name} ended with ${code}.`);
    });
    death.catch(() => undefined);
    const [value] = (await Promise.race([message, death])) as [unknown];
    return value;
  } finally {
    done.abort();
  }
}
