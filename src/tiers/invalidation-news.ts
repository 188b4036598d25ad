import { randomBytes } from 'node:crypto';
import type { AICacheError } from '../errors.ts';
import { newsNotHeard } from '../errors.ts';
import type { LogHead } from './invalidation-rows.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import { isErrorReply, reasonOf } from './redis-failure.ts';

export interface InvalidationNewsOptions {
  readonly redis: RedisConnectionOptions['redis'];
  readonly timeoutMs: number;
  /** Where all news of the namespace are published. */
  readonly channel: string;
  /** Takes in what was logged; resolves to whether this process knows it now. */
  readonly receive: (head: LogHead, floor: number, item: string) => Promise<boolean>;
  /** Says on a channel that news were read. */
  readonly answer: (channel: string, message: string) => Promise<unknown>;
  /** Must not throw. Told once where Redis refuses the subscription. */
  readonly onError: (error: AICacheError) => void;
}

/** Waits for the answers of members. */
export interface Answers {
  /** What APPEND is given as the place for answers. */
  readonly place: string;
  /** Resolves when all of these have answered, or after so many milliseconds. */
  all(members: readonly string[], withinMs: number): Promise<void>;
  end(): void;
}

/**
 * The subscriber's connection: it hears what others log, answers them when it was read, and hears their answers. It only makes
 * things faster: what does not come this way is read at the next renewal of the lease (invalidation-lease.ts).
 *
 * Plain PUBLISH, which a Cluster hands on to all its nodes: who must be waited for is in the list of members, so nobody needs
 * the number of subscribers that only sharded channels give.
 */
export class InvalidationNews {
  readonly id = randomBytes(9).toString('base64url');
  readonly #options: InvalidationNewsOptions;
  readonly #connection: RedisConnection;
  readonly #ownChannel: string;
  readonly #waiting = new Map<string, (member: string) => void>();
  #subscribing: Promise<void> | undefined;
  #isListening = false;
  #isReported = false;
  #asked = 0;

  constructor(options: InvalidationNewsOptions) {
    this.#options = options;
    this.#ownChannel = `${options.channel}:${this.id}`;
    // That Redis is away the command connection tells.
    this.#connection = new RedisConnection({ ...options, onError: () => undefined });
    this.#connection.onReady(() => void this.#subscribe());
  }

  /** Settles when news are heard, or will not be soon. Never rejects. */
  listen(): Promise<void> {
    if (this.#subscribing === undefined) {
      this.#subscribing = this.#start();
      void this.#subscribing.finally(() => (this.#subscribing = undefined));
    }
    return this.#subscribing;
  }

  /** To be called before the item is logged: answers may come before its reply. */
  ask(): Answers {
    const question = String((this.#asked += 1));
    const waited = new AnswerList(this.id);
    this.#waiting.set(question, (member) => waited.add(member));
    return {
      place: `${this.#ownChannel}/${question}`,
      all: (members, withinMs) => waited.all(members, withinMs),
      end: () => void this.#waiting.delete(question),
    };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #start(): Promise<void> {
    if (this.#isListening) return;
    try {
      const client = await this.#connection.client();
      if (client.listenerCount('message') === 0)
        client.on('message', (channel, text) => this.#onMessage(channel, text));
      await this.#subscribe();
    } catch {
      // Told by the command connection; it is tried again by itself.
    }
  }

  async #subscribe(): Promise<void> {
    this.#isListening = false;
    try {
      const client = await this.#connection.client();
      await client.subscribe(this.#options.channel, this.#ownChannel);
      this.#isListening = true;
    } catch (error) {
      if (!isErrorReply(error) || this.#isReported) return;
      this.#isReported = true;
      this.#options.onError(newsNotHeard(reasonOf(error)));
    }
  }

  #onMessage(channel: string, text: string): void {
    if (channel === this.#ownChannel) {
      const [question = '', member = ''] = text.split(' ');
      this.#waiting.get(question)?.(member);
    } else if (channel === this.#options.channel) {
      void this.#onNews(text).catch(() => undefined);
    }
  }

  async #onNews(text: string): Promise<void> {
    const [, epoch, sequence, floor, place, item] = /^(\S+) (\d+) (\d+) (\S+) (.*)$/s.exec(text) ?? [];
    if (epoch === undefined || place === undefined || item === undefined) return;
    if (place.startsWith(`${this.#ownChannel}/`)) return;
    if (!(await this.#options.receive({ epoch, sequence: Number(sequence) }, Number(floor), item))) return;
    const end = place.lastIndexOf('/');
    await this.#options.answer(place.slice(0, end), `${place.slice(end + 1)} ${this.id}`);
  }
}

/** Who has answered one question. */
class AnswerList {
  readonly #answered: Set<string>;
  #onAnswer: (() => void) | undefined;

  /** `self`: needs no answer. */
  constructor(self: string) {
    this.#answered = new Set([self]);
  }

  add(member: string): void {
    this.#answered.add(member);
    this.#onAnswer?.();
  }

  all(members: readonly string[], withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onAnswer = () => {
      if (!members.every((member) => this.#answered.has(member))) return;
      clearTimeout(timer);
      resolve();
    };
    this.#onAnswer();
    return promise;
  }
}
