import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process tells its parent: that it listens, or an event of its app. `about` says of what, a key or a prompt for instance. */
export type ChildMessage =
  | { readonly event: 'ready'; readonly port: number }
  | { readonly event: string; readonly about: string };

/** What its parent tells a process. */
export type ParentMessage = { readonly go: string } | { readonly echo: string } | { readonly close: true };

/** A process with an app of its own (steered-child.ts), steered by its parent. It dies with the test that forgets it. */
export class SteeredProcess {
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<number>();
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #exited: Promise<unknown>;
  #port = 0;
  #echoes = 0;

  constructor(script: URL, settings: object) {
    this.#child = fork(fileURLToPath(script), [JSON.stringify(settings)], { execArgv: [] });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (message) => this.#note(message as ChildMessage));
    this.#child.once('exit', (code, signal) => {
      this.#ready.reject(new Error(`The process ended with ${code ?? signal}.`));
    });
  }

  /** Resolves when it listens. */
  async ready(): Promise<this> {
    this.#port = await this.#ready.promise;
    return this;
  }

  get port(): number {
    return this.#port;
  }

  /** How often it told of this event. */
  count(event: string, about: string): number {
    return this.#counts.get(nameOf(event, about)) ?? 0;
  }

  /** Resolves when it has told of this event so often. */
  async told(event: string, about: string, times = 1): Promise<void> {
    const name = nameOf(event, about);
    while ((this.#counts.get(name) ?? 0) < times) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
      // oxlint-disable-next-line no-await-in-loop -- one message after the other
      await promise;
    }
  }

  /** Resolves when everything that it has told so far has come; at once where it is gone. */
  async heard(): Promise<void> {
    if (!this.#child.connected) return;
    this.#echoes += 1;
    const about = String(this.#echoes);
    this.#send({ echo: about });
    await Promise.race([this.told('echo', about), this.#exited]);
  }

  /** Lets what it holds go on; what it has not begun to hold yet too. */
  go(about: string): void {
    this.#send({ go: about });
  }

  /** Closes its server and its cache. Resolves to its exit code, or to the signal that ended it. */
  async close(): Promise<unknown> {
    this.#send({ close: true });
    await this.#exited;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** SIGKILL, as a crash would be; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(message: ParentMessage): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #note(message: ChildMessage): void {
    if ('port' in message) return this.#ready.resolve(message.port);
    const name = nameOf(message.event, message.about);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const resolve of waiting) resolve();
  }
}

function nameOf(event: string, about: string): string {
  return `${event} ${about}`;
}
