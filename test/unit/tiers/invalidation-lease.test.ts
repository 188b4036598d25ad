import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CoherenceLease, LEASE_MS } from '../../../src/tiers/invalidation-lease.ts';
import { gate, type Gate } from '../../support/gate.ts';

let monotonic: number;
let wall: number;
let renewals: number;
let renewing: () => Promise<void>;
let lease: CoherenceLease;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  monotonic = 50_000;
  wall = 1_767_225_600_000;
  renewals = 0;
  renewing = async () => undefined;
  lease = new CoherenceLease({
    renew: () => {
      renewals += 1;
      return renewing();
    },
    listen: () => undefined,
    monotonic: () => monotonic,
    wall: () => wall,
  });
});

afterEach(() => {
  lease.close();
  vi.useRealTimers();
});

function pass(ms: number): void {
  monotonic += ms;
  wall += ms;
}

/** Asks for the lease, and waits until it was renewed. */
async function asked(): Promise<boolean> {
  lease.isHeld();
  await vi.advanceTimersByTimeAsync(0);
  return lease.isHeld();
}

describe('the coherence lease', () => {
  it('is not held before it was renewed once', async () => {
    const answered: Gate = gate();
    renewing = () => answered.opened;
    expect(lease.isHeld()).toBe(false);
    expect(lease.isHeld()).toBe(false);
    expect(renewals).toBe(1);
    answered.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(lease.isHeld()).toBe(true);
  });

  it('counts from when the renewal was sent, not from its reply', async () => {
    const answered = gate();
    renewing = () => answered.opened;
    lease.isHeld();
    pass(LEASE_MS - 1);
    answered.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(lease.isHeld()).toBe(true);
    pass(1);
    expect(lease.isHeld()).toBe(false);
  });

  it('ends one second after, also where renewals fail', async () => {
    expect(await asked()).toBe(true);
    renewing = () => Promise.reject(new Error('away'));
    pass(LEASE_MS - 1);
    await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect(renewals).toBeGreaterThan(1);
    expect(lease.isHeld()).toBe(true);
    pass(1);
    expect(lease.isHeld()).toBe(false);
  });

  it('is over on a machine that has slept, whose monotonic clock stood still', async () => {
    expect(await asked()).toBe(true);
    wall += 3_600_000;
    expect(lease.isHeld()).toBe(false);
  });

  it('is over in a process that stood still, and comes back with the next renewal', async () => {
    expect(await asked()).toBe(true);
    pass(5_000);
    expect(lease.isHeld()).toBe(false);
    await vi.advanceTimersByTimeAsync(LEASE_MS / 2);
    expect(lease.isHeld()).toBe(true);
  });

  it('is renewed as long as it is asked for, and not when nobody has for a while', async () => {
    expect(await asked()).toBe(true);
    for (let second = 0; second < 5; second += 1) {
      pass(LEASE_MS);
      // oxlint-disable-next-line no-await-in-loop -- one second after the other
      await vi.advanceTimersByTimeAsync(LEASE_MS);
      expect(lease.isHeld()).toBe(true);
    }
    pass(11_000);
    await vi.advanceTimersByTimeAsync(11_000);
    const before = renewals;
    pass(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(renewals).toBe(before);
    expect(lease.isHeld()).toBe(false);
    expect(renewals).toBe(before + 1);
  });

  it('is not held once it was closed, even by a renewal that was under way', async () => {
    const answered = gate();
    renewing = () => answered.opened;
    lease.isHeld();
    lease.close();
    answered.open();
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect([lease.isHeld(), renewals]).toEqual([false, 1]);
  });
});
