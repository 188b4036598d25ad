import { runScript, script, type RedisCommands, type Script } from './redis-commands.ts';
import { encodeFrame, FRAME_FIELD, type EndMark } from './redis-frames.ts';

/**
 * Who holds a key's lease. The lease is `<failures>:<token>`. Without a token it is vacant: a leader gave it up and the next
 * one goes on counting. With `:ended` behind the token it is free, and tells those who waited through a change of leaders
 * where to read what the last one made. The stream has the token in its name, so that no flight reads another one's frames.
 */
export interface Hold {
  readonly digest: string;
  readonly token: string;
  /** Leaders that failed before this one. */
  readonly failures: number;
  /** `<namespace>:l:<version>:{<digest>.<generation>}` and `<namespace>:s:<version>:{<digest>.<generation>}:<token>`, in one slot. */
  readonly leaseKey: string;
  readonly streamKey: string;
}

export interface Finish {
  readonly mark: EndMark;
  /** Place of the mark in the stream. */
  readonly sequence: number;
  /** Leaves the lease vacant with so many failures, for those who follow: goes with `retry`. Absent: the lease is free. */
  readonly vacantAfter?: number;
  /** Somebody in this process goes on: the lease is left vacant though nobody follows elsewhere. */
  readonly followedHere?: boolean;
  /** Does nothing where somebody follows elsewhere, so that what they need is written first. */
  readonly unlessFollowed?: boolean;
}

export interface RedisLeaseOptions {
  readonly commands: RedisCommands;
  readonly namespace: string;
  readonly version: number;
  readonly leaseMs: number;
}

/** How long the stream of an ended flight stays for followers that were slow to read the end. */
const LINGER_MS = 5_000;

const HELD = /^(\d+):([\w-]+)(?::ended)?$/;

const TAKE = script(`
local held = redis.call('GET', KEYS[1]) or ''
local ended = string.sub(held, -6) == ':ended'
if ended and ARGV[4] == '1' then return held end
local vacant = string.match(held, '^(%d+):$')
if held ~= '' and not ended and not vacant then return held end
local failures = math.max(tonumber(ARGV[3]), tonumber(vacant or '0'))
local taken = string.format('%d:%s', failures, ARGV[1])
redis.call('SET', KEYS[1], taken, 'PX', ARGV[2])
return taken
`);

/** The announcement is the one command that makes a stream: without followers there is none. */
const FOLLOW = script(`
local held = redis.call('GET', KEYS[1]) or ''
if string.match(held, ':(.+)$') ~= ARGV[1] then
  local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if last and #last[2] > 2 then return -2 end
  return -1
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('XADD', KEYS[2], '*', '${FRAME_FIELD}', ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return redis.call('PTTL', KEYS[1])
`);

const RENEW = script(`
local held = redis.call('GET', KEYS[1]) or ''
if string.match(held, ':(.+)$') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1 + redis.call('PEXPIRE', KEYS[2], ARGV[3])
`);

/**
 * The stream is this leader's whoever holds the lease now, so its followers hear of the end in any case. The second field
 * marks the end for FOLLOW, which does not read frames. The lease is deleted first in any case: a script that has begun to
 * write may go on where Redis has no memory left.
 */
const FINISH = script(`
local followed = redis.call('EXISTS', KEYS[2]) == 1
if followed and ARGV[6] == '1' then return 2 end
local held = redis.call('GET', KEYS[1]) or ''
local ours = string.match(held, ':(.+)$') == ARGV[1]
if ours then redis.call('DEL', KEYS[1]) end
if ours and tonumber(ARGV[4]) >= 0 and (followed or ARGV[5] == '1') then
  redis.call('SET', KEYS[1], ARGV[4] .. ':', 'PX', ARGV[3])
elseif ours and followed then
  redis.call('SET', KEYS[1], held .. ':ended', 'PX', ARGV[2])
end
if followed then
  redis.pcall('XADD', KEYS[2], '*', '${FRAME_FIELD}', ARGV[7], 'end', '1')
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return ours and 1 or 0
`);

/** The lease of a key and the stream that goes with it: every step is one script, so that no key is ever without an expiry. */
export class RedisLease {
  readonly #options: RedisLeaseOptions;

  constructor(options: RedisLeaseOptions) {
    this.#options = options;
  }

  /** The stream lives at least as long as the lease: who finds the lease gone may still read how the flight ended. */
  get streamMs(): number {
    return 2 * this.#options.leaseMs;
  }

  /**
   * Takes the lease if it is free or vacant. Resolves to who holds it now; undefined: Redis is away. `again`: has waited for
   * a leader before, so that what one made who has ended since is an answer too.
   */
  async take(
    digest: string,
    token: string,
    failures: number,
    again: boolean,
    generation = '',
  ): Promise<Hold | undefined> {
    const wanted = this.#hold(digest, token, failures, generation);
    const reply = await this.#run(TAKE, [wanted.leaseKey], [token, this.#options.leaseMs, failures, again ? 1 : 0]);
    const [, failed, holder] = HELD.exec(String(reply)) ?? [];
    if (failed !== undefined && holder !== undefined) {
      return this.#hold(digest, holder, Number(failed), generation);
    }
    // It may have been taken all the same, or will be when Redis gets to it: what comes after it on the connection gives it back.
    void this.finish(wanted, { mark: 'retry', sequence: 0, vacantAfter: failures });
    return undefined;
  }

  /**
   * Announces a follower. Resolves to how long the lease holds, milliseconds; `ended`: it does not, and the stream tells why;
   * `gone`: it does not, and the stream does not tell.
   */
  async follow(hold: Hold): Promise<number | 'ended' | 'gone' | undefined> {
    const announcement = encodeFrame(hold.digest, 0, { kind: 'announce' });
    const reply = await this.#run(FOLLOW, keysOf(hold), [hold.token, this.streamMs, announcement]);
    if (typeof reply !== 'number') return undefined;
    return reply >= 0 ? reply : reply === -2 ? 'ended' : 'gone';
  }

  /** `followed`: it is held, and somebody follows elsewhere. */
  async renew(hold: Hold): Promise<'lost' | 'held' | 'followed' | undefined> {
    const reply = await this.#run(RENEW, keysOf(hold), [hold.token, this.#options.leaseMs, this.streamMs]);
    return ([undefined, 'lost', 'held', 'followed'] as const)[typeof reply === 'number' ? reply + 1 : 0];
  }

  /** `followed`: nothing was done, see `unlessFollowed`. `lost`: the lease was another's or nobody's. */
  async finish(hold: Hold, finish: Finish): Promise<'lost' | 'finished' | 'followed' | undefined> {
    const { mark, sequence, vacantAfter = -1, followedHere = false, unlessFollowed = false } = finish;
    const reply = await this.#run(FINISH, keysOf(hold), [
      hold.token,
      LINGER_MS,
      this.#options.leaseMs,
      vacantAfter,
      followedHere ? 1 : 0,
      unlessFollowed ? 1 : 0,
      encodeFrame(hold.digest, sequence, { kind: mark }),
    ]);
    return ([undefined, 'lost', 'finished', 'followed'] as const)[typeof reply === 'number' ? reply + 1 : 0];
  }

  #hold(digest: string, token: string, failures: number, generation: string): Hold {
    const { namespace, version } = this.#options;
    const flight = `{${digest}${generation && `.${generation}`}}`;
    const leaseKey = `${namespace}:l:${version}:${flight}`;
    return { digest, token, failures, leaseKey, streamKey: `${namespace}:s:${version}:${flight}:${token}` };
  }

  #run(
    what: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<string | number | undefined> {
    return this.#options.commands.run(async (client) => {
      const reply = await runScript(client, what, keys, args);
      return typeof reply === 'string' || typeof reply === 'number' ? reply : '';
    });
  }
}

function keysOf({ leaseKey, streamKey }: Hold): [string, string] {
  return [leaseKey, streamKey];
}
