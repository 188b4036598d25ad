import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseWatch } from '../../../src/flight/cluster-lease-watch.ts';
import type { Hold, RedisLease } from '../../../src/flight/redis-lease.ts';

type Reply = Awaited<ReturnType<RedisLease['follow']>>;

let replies: ((reply: Reply) => void)[];
let told: string[];
let watch: LeaseWatch;

beforeEach(() => {
  vi.useFakeTimers();
  replies = [];
  told = [];
  const lease: Pick<RedisLease, 'follow'> = { follow: () => new Promise((resolve) => replies.push(resolve)) };
  watch = new LeaseWatch({
    hold: {} as Hold,
    lease: lease as RedisLease,
    leftMs: 10_000,
    onGone: () => told.push('gone'),
    onAway: () => told.push('away'),
  });
});

afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

/** The next look is so many milliseconds away; it is answered with `reply`. */
async function look(afterMs: number, reply: Reply): Promise<void> {
  const looks = replies.length;
  await vi.advanceTimersByTimeAsync(afterMs - 1);
  expect(replies.length).toBe(looks);
  await vi.advanceTimersByTimeAsync(1);
  expect(replies.length).toBe(looks + 1);
  replies[looks]?.(reply);
  await vi.advanceTimersByTimeAsync(0);
}

describe('a lease that is looked after', () => {
  it('is looked at only when it would have ended, and again when what it has left by then has passed', async () => {
    await look(10_010, 7_000);
    await look(7_010, 9_000);
    await look(9_010, 'gone');
    expect(told).toEqual(['gone']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('whose end is in the stream is waited for as long as the stream lasts', async () => {
    await look(10_010, 'ended');
    await look(1_010, 'ended');
    await look(1_010, 'gone');
    expect(told).toEqual(['gone']);
  });

  it('is given up when two looks in a row get no reply', async () => {
    await look(10_010, undefined);
    await look(5_010, 8_000);
    await look(8_010, undefined);
    expect(told).toEqual([]);
    await look(5_010, undefined);
    expect(told).toEqual(['away']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['gone', undefined, 5_000] as const)(
    'says nothing more when it was stopped, whatever comes: %s',
    async (reply) => {
      await vi.advanceTimersByTimeAsync(10_010);
      watch.stop();
      replies[0]?.(reply);
      await vi.advanceTimersByTimeAsync(60_000);
      expect([told, replies.length, vi.getTimerCount()]).toEqual([[], 1, 0]);
    },
  );

  it('is not looked at when it was stopped before', async () => {
    watch.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(replies).toEqual([]);
  });
});
