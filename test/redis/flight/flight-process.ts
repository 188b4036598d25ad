import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FlightSettings } from './open-flights.ts';

export type ChildCall =
  | { readonly do: 'crowd'; readonly digest: string; readonly count: number }
  | { readonly do: 'push'; readonly chunks: readonly string[] }
  | { readonly do: 'share'; readonly name: string; readonly body: string }
  | { readonly do: 'outcomes' }
  | { readonly do: 'live' }
  | { readonly do: 'complete' }
  | { readonly do: 'stored' }
  | { readonly do: 'fail' }
  | { readonly do: 'isOurs' }
  | { readonly do: 'counts' };

export type ChildMessage =
  | { readonly event: 'ready' | 'lost' }
  | { readonly event: 'lead'; readonly failures: number }
  | { readonly id: number; readonly result: unknown };

export interface CrowdRoles {
  readonly leader: number;
  readonly follower: number;
  readonly alone: number;
}

/** A process of its own with flights of its own (flight-child.ts). */
export class FlightProcess {
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, (result: unknown) => void>();
  readonly #leads: number[] = [];
  readonly #lost = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 0;

  constructor(address: string, settings: FlightSettings = {}) {
    const script = fileURLToPath(new URL('flight-child.ts', import.meta.url));
    this.#child = fork(script, [address, JSON.stringify(settings)], { execArgv: [] });
    this.#child.on('message', (message) => this.#onMessage(message as ChildMessage));
    this.#child.once('exit', (code, signal) => {
      this.#ready.reject(new Error(`The child ended with ${code ?? signal}.`));
    });
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** How often leaders had failed, for each time this process became the leader. */
  get leads(): readonly number[] {
    return this.#leads;
  }

  /** Resolves when this process has lost a lease. */
  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  crowd(digest: string, count: number): Promise<CrowdRoles> {
    return this.call({ do: 'crowd', digest, count }) as Promise<CrowdRoles>;
  }

  outcomes(): Promise<string[]> {
    return this.call({ do: 'outcomes' }) as Promise<string[]>;
  }

  call(call: ChildCall): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#calls.set(id, resolve);
      this.#child.send({ id, call });
    });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  #onMessage(message: ChildMessage): void {
    if ('id' in message) {
      this.#calls.get(message.id)?.(message.result);
      this.#calls.delete(message.id);
    } else if (message.event === 'lead') {
      this.#leads.push(message.failures);
    } else {
      (message.event === 'lost' ? this.#lost : this.#ready).resolve();
    }
  }
}
