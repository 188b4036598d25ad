import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { LogPosition } from '../entry/entry.ts';
import { redisReplyMismatch } from '../errors.ts';
import { itemIn, itemText, type LogItem, type NewItem } from './invalidation-item.ts';
import type { InvalidationLog, Judged } from './invalidation-log.ts';
import { readOn, readWhole } from './invalidation-log-reader.ts';
import { headIn, type LogHead } from './invalidation-rows.ts';
import { APPEND, OPEN } from './invalidation-scripts.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisLogOptions {
  readonly connection: Pick<RedisConnection, 'client' | 'reconnect'>;
  readonly namespace: string;
  /** Items it holds at the most; beyond them the oldest are forgotten. */
  readonly maxItems: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Monotonic milliseconds of this machine. */
  readonly monotonic: () => number;
  /** Something was logged: what is kept may have to go. */
  readonly onNews: () => void;
}

/** An item that was logged, and the members who may not have read it yet. */
export interface Appended {
  readonly epoch: string;
  readonly sequence: number;
  readonly members: readonly string[];
  /** For how long Redis has known its members: who joined before that is not among them, milliseconds. */
  readonly knownForMs: number;
}

/** How long a member must be waited for after its last renewal: by the clock of Redis, which may be set meanwhile, so far longer than its lease. */
const MEMBER_MS = 5_000;

/** Far less than the life of a log that nobody opens. */
const OPEN_AGAIN_MS = 86_400_000;

/** The invalidation log of a namespace in Redis, and what this process knows of it. Rejects with what Redis or ioredis say. */
export class RedisLog {
  readonly #options: RedisLogOptions;
  readonly #keys: readonly [log: string, members: string];
  /** Where news are published. */
  readonly channel: string;
  #log: InvalidationLog | undefined;
  #contactAt = -Infinity;
  #openedAt = 0;
  #loading: Promise<void> | undefined;

  constructor(options: RedisLogOptions) {
    const { namespace } = options;
    this.#options = options;
    // In one slot of a Cluster, so that one script can reach them.
    this.#keys = [`${namespace}:{${namespace}}:log`, `${namespace}:{${namespace}}:members`];
    this.channel = `${namespace}:{${namespace}}:news`;
  }

  /** When the log was last heard of, monotonic milliseconds. */
  get contactAt(): number {
    return this.#contactAt;
  }

  get isKnown(): boolean {
    return this.#log !== undefined;
  }

  position(): LogPosition {
    const { epoch = '', sequence = 0 } = this.#log ?? {};
    return { epoch, sequence, notedAt: this.#options.monotonic() };
  }

  /** Without a log nothing can be used. `before`: as it was before this place. */
  judge<E extends Judged>(entry: E, before?: number): E | undefined {
    return this.#log?.judge(entry, before, this.#options.clock.now());
  }

  /** Names all that was begun since something that concerns this subject was logged. */
  generation(subject: Pick<Judged, 'digest' | 'labels'>): string {
    return this.#log === undefined ? '' : `${this.#log.epoch}.${this.#log.lastAbout(subject)}`;
  }

  /** Asks for the head, beside another command. What it resolves to waits until this process knows the log as far as that. */
  async ask(client: RedisClient): Promise<() => void | Promise<void>> {
    this.#openAgain();
    const known = this.position();
    const reply: unknown = await client.call('zrange', this.#keys[0], -1, -1, 'WITHSCORES');
    const head = this.#verified(headIn(reply));
    return () => this.#follow(client, head, known);
  }

  /** Makes sure that there is a log and that this process knows it to its end. `member`: is to be waited for from now on. */
  async open(member = ''): Promise<void> {
    const client = await this.#options.connection.client();
    const known = this.position();
    const reply = await this.#eval(client, OPEN, known, [member, MEMBER_MS]);
    const head = this.#verified(headIn(reply));
    this.#openedAt = this.#options.monotonic();
    await this.#follow(client, head, known);
  }

  /** Nobody needs to wait for this member any more. */
  async leave(member: string): Promise<void> {
    const client = await this.#options.connection.client();
    await client.zrem(this.#keys[1], member);
  }

  /** Logs an item and publishes it; this process knows it when this resolves. Members answer to `answerTo`. */
  async append(item: NewItem, answerTo: string): Promise<Appended> {
    const client = await this.#options.connection.client();
    const args = [itemText(item), this.#options.maxItems, this.channel, answerTo];
    const reply = await this.#eval(client, APPEND, this.position(), args);
    const head = this.#verified(headIn(reply));
    const [, , floor, members, knownForMs] = reply;
    if (head === undefined || !Array.isArray(members)) throw this.#mismatch();
    if (!this.#take(head, Number(floor), { ...item, sequence: head.sequence })) await this.#reach(client, head);
    return { ...head, members: members.map(String), knownForMs: Number(knownForMs) };
  }

  /** Takes in what was published. False where it could not be read; the log will be asked then. */
  async receive(head: LogHead, floor: number, text: string): Promise<boolean> {
    const item = itemIn(text, head.sequence);
    if (item !== undefined && this.#take(head, floor, item)) return true;
    await this.#reach(await this.#options.connection.client(), head);
    return this.#knows(head);
  }

  /** False where something lies between what is known and this item. */
  #take({ epoch, sequence }: LogHead, floor: number, item: LogItem): boolean {
    const log = this.#log;
    if (log?.epoch !== epoch || sequence > log.sequence + 1) return false;
    log.add(item);
    log.raiseFloor(floor);
    this.#options.onNews();
    return true;
  }

  /** A process without memory holds no lease that would do so, and may run for months without an invalidation. */
  #openAgain(): void {
    const now = this.#options.monotonic();
    if (now - this.#openedAt < OPEN_AGAIN_MS) return;
    this.#openedAt = now;
    void this.open().catch(() => undefined);
  }

  #follow(client: RedisClient, head: LogHead | undefined, asked: LogPosition): void | Promise<void> {
    this.#contactAt = this.#options.monotonic();
    // A head behind what was known when it was asked for: Redis has lost something.
    const isBehind = head?.epoch === asked.epoch && head.sequence < asked.sequence;
    if (isBehind) return this.#reach(client, undefined);
    return this.#knows(head) ? undefined : this.#reach(client, head);
  }

  #knows(head: LogHead | undefined): boolean {
    return head !== undefined && this.#log?.epoch === head.epoch && this.#log.sequence >= head.sequence;
  }

  async #reach(client: RedisClient, head: LogHead | undefined): Promise<void> {
    // One that is under way may have begun before what is looked for was there.
    if (this.#loading !== undefined) await this.#loading;
    if (!this.#knows(head)) await this.#catchUp(client);
  }

  #catchUp(client: RedisClient): Promise<void> {
    this.#loading ??= this.#load(client).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #load(client: RedisClient): Promise<void> {
    const known = this.#log;
    if (known === undefined || !this.#verified(await readOn(client, this.#keys[0], known))) await this.#readAll(client);
    this.#contactAt = this.#options.monotonic();
    this.#options.onNews();
  }

  async #readAll(client: RedisClient): Promise<void> {
    const opened = await this.#eval(client, OPEN, this.position(), ['', MEMBER_MS]);
    const log = this.#verified(await readWhole(client, this.#keys[0], Number(opened[2])));
    // News that came meanwhile are known already.
    if (this.#log?.epoch !== log.epoch || this.#log.sequence < log.sequence) this.#log = log;
  }

  async #eval(
    client: RedisClient,
    script: string,
    { epoch, sequence }: LogPosition,
    args: readonly (string | number)[],
  ): Promise<readonly unknown[]> {
    const fresh = randomBytes(8).toString('base64url');
    const reply: unknown = await client.eval(script, 2, ...this.#keys, fresh, epoch, sequence, ...args);
    if (!Array.isArray(reply)) throw this.#mismatch();
    this.#contactAt = this.#options.monotonic();
    return reply as readonly unknown[];
  }

  #verified<T>(read: T | 'mismatch'): T {
    if (read === 'mismatch') throw this.#mismatch();
    return read;
  }

  /** As in RedisTier: no reply of this connection is to be trusted any more (DESIGN D7). */
  #mismatch(): Error {
    this.#options.connection.reconnect();
    return redisReplyMismatch('invalidate');
  }
}
