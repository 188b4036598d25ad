import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/entry/entry.ts';
import { redisReplyMismatch, redisUnreachable, type AICacheError } from '../../../src/errors.ts';
import { budgetOf } from '../../../src/tiers/budget.ts';
import { GuardedTier } from '../../../src/tiers/guarded-tier.ts';
import type { RedisState } from '../../../src/tiers/redis-info.ts';
import type { Tier } from '../../../src/tiers/tier.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const KEY = sampleKey();
const ENTRY = sampleEntry();
const NEVER = new Promise<never>(() => undefined);

let clock: ManualClock;
let reported: AICacheError[];
let reconnects: number;
let ready: () => void;
let state: RedisState;
/** What the tier does next. */
let answer: () => Promise<Entry | undefined>;
let asked: number;
let guard: GuardedTier;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  clock = manualClock();
  reported = [];
  reconnects = 0;
  asked = 0;
  state = 'ready';
  answer = async () => ENTRY;
  const ask = async (): Promise<Entry | undefined> => {
    asked += 1;
    return answer();
  };
  const tier: Tier = {
    name: 'redis',
    get: ask,
    set: async () => (await ask()) !== undefined,
    delete: async () => (await ask()) !== undefined,
  };
  guard = new GuardedTier({
    tier,
    timeoutMs: 200,
    connection: { state: () => state, reconnect: () => (reconnects += 1), onReady: (listener) => (ready = listener) },
    clock,
    onError: (error) => reported.push(error),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Both times go on together. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await vi.advanceTimersByTimeAsync(ms);
}

async function timeOut(times = 1): Promise<void> {
  answer = () => NEVER;
  await oneByOne(times, async () => {
    const got = guard.get(KEY);
    await pass(200);
    expect(await got).toEqual({ value: undefined, asked: true, errorType: 'REDIS_TIMEOUT' });
  });
}

async function fail(error: unknown, times = 1): Promise<void> {
  answer = async () => {
    throw error;
  };
  await oneByOne(times, async () => expect((await guard.get(KEY)).value).toBeUndefined());
}

/** An error as ioredis throws it for an error reply, with what was sent. */
function errorReply(message: string): Error {
  return Object.assign(new Error(message), {
    name: 'ReplyError',
    command: { name: 'set', args: ['secret key', 'secret body'] },
  });
}

describe('a tier that answers', () => {
  it('is passed on', async () => {
    expect(await guard.get(KEY)).toEqual({ value: ENTRY, asked: true });
    expect(await guard.set(KEY, ENTRY)).toEqual({ value: true, asked: true });
    expect(await guard.delete(KEY)).toEqual({ value: true, asked: true });
    expect(guard.name).toBe('redis');
    expect(guard.circuit()).toBe('closed');
    expect(reported).toEqual([]);
  });

  it('leaves no timer behind', async () => {
    await guard.get(KEY);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an error', () => {
  it('is a miss, whatever the operation', async () => {
    answer = async () => {
      throw new Error('broken');
    };
    expect(await guard.get(KEY)).toEqual({ value: undefined, asked: true, errorType: 'REDIS_FAILED' });
    expect(await guard.set(KEY, ENTRY)).toEqual({ value: false, asked: true, errorType: 'REDIS_FAILED' });
    expect(await guard.delete(KEY)).toEqual({ value: false, asked: true, errorType: 'REDIS_FAILED' });
  });

  it('is a miss where the tier throws before it returns a promise', async () => {
    const throwing = (): never => {
      throw new Error('broken');
    };
    const tier: Tier = { name: 'redis', get: throwing, set: throwing, delete: throwing };
    const guarded = new GuardedTier({ tier, timeoutMs: 200, clock, onError: () => undefined });
    expect(await guarded.get(KEY)).toEqual({ value: undefined, asked: true, errorType: 'REDIS_FAILED' });
  });

  it('opens the circuit at the fifth in a row; then the tier is left alone', async () => {
    await fail(new Error('broken'), 5);
    expect(guard.circuit()).toBe('open');
    expect(await guard.get(KEY)).toEqual({ value: undefined, asked: false });
    expect(await guard.set(KEY, ENTRY)).toEqual({ value: false, asked: false });
    expect(await guard.delete(KEY)).toEqual({ value: false, asked: false });
    expect(asked).toBe(5);
    expect(reconnects).toBe(0);
  });

  it('that Redis replies opens no circuit: it cost no wait, and Redis lives', async () => {
    await fail(errorReply('WRONGTYPE Operation against a key holding the wrong kind of value'), 10);
    expect(guard.circuit()).toBe('closed');
    expect(asked).toBe(10);
  });

  it('that Redis replies to a probe closes the circuit', async () => {
    await fail(new Error('broken'), 5);
    clock.advance(1_000);
    await fail(errorReply('OOM command not allowed'));
    expect(guard.circuit()).toBe('closed');
  });
});

describe('a timeout', () => {
  it('is a miss at the deadline', async () => {
    await timeOut();
  });

  it('of ioredis itself counts as one', async () => {
    await fail(new Error('Command timed out'), 3);
    expect(guard.circuit()).toBe('open');
    expect(reported.map(({ code }) => code)).toEqual(['REDIS_TIMEOUT']);
  });

  it('opens the circuit at the third in a row and drops the connection with the commands in its queue', async () => {
    await timeOut(2);
    expect(reconnects).toBe(0);
    await timeOut();
    expect(guard.circuit()).toBe('open');
    expect(reconnects).toBe(1);
  });

  it('drops the connection again when a probe times out', async () => {
    await timeOut(3);
    await pass(1_000);
    await timeOut();
    expect(reconnects).toBe(2);
  });

  it('is none where the answer came while the process was busy', async () => {
    const reply = Promise.withResolvers<Entry>();
    answer = () => reply.promise;
    const got = guard.get(KEY);
    // The deadline's timer fires first; the reply is read in the same turn of the event loop.
    vi.advanceTimersToNextTimer();
    reply.resolve(ENTRY);
    expect(await got).toEqual({ value: ENTRY, asked: true });
  });

  it('swallows what comes late, an error too', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', listener);
    const late = Promise.withResolvers<Entry>();
    answer = () => late.promise;
    const got = guard.get(KEY);
    await pass(200);
    await got;
    late.reject(new Error('late'));
    // Node reports unhandled rejections when the microtasks of a turn are done.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});

describe('an open circuit', () => {
  beforeEach(async () => {
    await timeOut(3);
    asked = 0;
  });

  it('is probed by one call after a second, which closes it', async () => {
    await pass(1_000);
    const reply = Promise.withResolvers<Entry>();
    answer = () => reply.promise;
    const probe = guard.get(KEY);
    expect(guard.circuit()).toBe('half-open');
    expect((await guard.get(KEY)).asked).toBe(false);
    reply.resolve(ENTRY);
    expect((await probe).value).toBe(ENTRY);
    expect(guard.circuit()).toBe('closed');
    expect(asked).toBe(1);
  });

  it('closes as soon as the connection is ready', async () => {
    ready();
    answer = async () => ENTRY;
    expect((await guard.get(KEY)).value).toBe(ENTRY);
  });
});

describe('the budget of a request', () => {
  it('shortens the deadline to what is left', async () => {
    answer = () => NEVER;
    const budget = budgetOf(50);
    const got = guard.get(KEY, budget);
    await pass(50);
    expect((await got).errorType).toBe('REDIS_TIMEOUT');
    expect(budget.remainingMs()).toBe(0);
  });

  it('is never more than the timeout of one call', async () => {
    answer = () => NEVER;
    const got = guard.get(KEY, budgetOf(10_000));
    await pass(200);
    expect((await got).errorType).toBe('REDIS_TIMEOUT');
  });

  it('is spent by every wait, and by nothing else', async () => {
    const budget = budgetOf(200);
    answer = async () => {
      clock.advance(80);
      return ENTRY;
    };
    await guard.get(KEY, budget);
    clock.advance(60_000);
    await guard.set(KEY, ENTRY, budget);
    expect(budget.remainingMs()).toBe(40);
  });

  it('once spent leaves the tier alone', async () => {
    const budget = budgetOf(0);
    expect(await guard.get(KEY, budget)).toEqual({ value: undefined, asked: false });
    expect(asked).toBe(0);
  });
});

describe('what is reported', () => {
  it('is the first failure of a kind, not one a request', async () => {
    await fail(new Error('broken'), 4);
    expect(reported.map(({ code }) => code)).toEqual(['REDIS_FAILED']);
    expect(reported[0]?.message).toMatch(/failed to get an entry: Error\./);
  });

  it('is not each failure of a tier that fails now and then', async () => {
    await fail(new Error('broken'));
    answer = async () => ENTRY;
    await guard.get(KEY);
    await fail(new Error('broken'));
    expect(reported).toHaveLength(1);
  });

  it('is told again after a minute', async () => {
    await fail(errorReply('OOM'));
    clock.advance(59_999);
    await fail(errorReply('OOM'));
    expect(reported).toHaveLength(1);
    clock.advance(1);
    await fail(errorReply('OOM'));
    expect(reported).toHaveLength(2);
  });

  it('is told again when the circuit was open in between', async () => {
    await timeOut(3);
    ready();
    await timeOut();
    expect(reported).toHaveLength(2);
    await timeOut(2);
    await pass(1_000);
    answer = async () => ENTRY;
    await guard.get(KEY);
    await timeOut();
    expect(reported).toHaveLength(3);
  });

  it('names the deadline that passed', async () => {
    await timeOut();
    expect(reported[0]).toMatchObject({ code: 'REDIS_TIMEOUT', option: 'redisTimeoutMs' });
    expect(reported[0]?.message).toContain('within 200 ms');
  });

  it('holds no key, no value and no text of Redis, only the word that names the error', async () => {
    await fail(errorReply("ERR unknown command 'get', with args beginning with: 'secret key'"));
    await fail(errorReply('OOM secret'));
    clock.advance(60_000);
    await fail(errorReply('OOM secret'));
    const told = JSON.stringify(reported.map((error) => [error.message, error.stack, error.cause]));
    expect(told).toContain('OOM');
    expect(told).not.toContain('secret');
  });

  it('is an answer to another command, though the connection was dropped for it', async () => {
    state = 'reconnecting';
    await fail(redisReplyMismatch('get'));
    expect(reported.map(({ code }) => code)).toEqual(['REDIS_REPLY_MISMATCH']);
  });

  it('is nothing while the connection is down, which tells so itself', async () => {
    state = 'reconnecting';
    await fail(redisUnreachable('ECONNREFUSED'), 4);
    state = 'ready';
    await fail(new Error('Connection is closed.'));
    expect(reported).toEqual([]);
    expect(guard.circuit()).toBe('open');
  });
});
