import { beforeEach, describe, expect, it } from 'vitest';
import { CircuitBreaker, type CallFailure, type Pass } from '../../../src/tiers/circuit-breaker.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let breaker: CircuitBreaker;

beforeEach(() => {
  clock = manualClock();
  breaker = new CircuitBreaker(clock);
});

function pass(): Pass {
  const admitted = breaker.admit();
  if (admitted === undefined) throw new Error('No call is let through.');
  return admitted;
}

/** Makes one call for each failure; `'ok'` is a success. */
function calls(...ends: (CallFailure | 'ok')[]): void {
  for (const end of ends) {
    if (end === 'ok') {
      pass();
      breaker.succeeded();
    } else breaker.failed(pass(), end);
  }
}

/** Lets a probe through after so many milliseconds, and not one before. */
function probeAfter(ms: number): Pass {
  clock.advance(ms - 1);
  expect(breaker.admit()).toBeUndefined();
  clock.advance(1);
  return pass();
}

describe('a closed circuit', () => {
  it('lets every call through', () => {
    calls('ok', 'timeout', 'timeout', 'ok');
    expect(breaker.state()).toBe('closed');
  });

  it('opens at the third timeout in a row', () => {
    calls('timeout', 'timeout');
    expect(breaker.state()).toBe('closed');
    expect(breaker.failed(pass(), 'timeout')).toBe(true);
    expect(breaker.state()).toBe('open');
    expect(breaker.admit()).toBeUndefined();
  });

  it('opens at the fifth failure in a row', () => {
    calls('error', 'error', 'error', 'error');
    expect(breaker.state()).toBe('closed');
    calls('error');
    expect(breaker.state()).toBe('open');
  });

  it('counts an error as a break in a row of timeouts, and both as failures', () => {
    calls('timeout', 'timeout', 'error', 'timeout');
    expect(breaker.state()).toBe('closed');
    calls('timeout');
    expect(breaker.state()).toBe('open');
  });

  it('begins to count anew after a success', () => {
    calls('timeout', 'timeout', 'ok', 'timeout', 'timeout', 'ok', 'error', 'error', 'error', 'error', 'ok', 'error');
    expect(breaker.state()).toBe('closed');
  });
});

describe('an open circuit', () => {
  beforeEach(() => calls('timeout', 'timeout', 'timeout'));

  it('lets one call through after a second, and no other until that one ends', () => {
    const probe = probeAfter(1_000);
    expect(probe.probe).toBe(true);
    expect(breaker.state()).toBe('half-open');
    clock.advance(60_000);
    expect(breaker.admit()).toBeUndefined();
  });

  it('closes when the probe succeeds', () => {
    probeAfter(1_000);
    breaker.succeeded();
    expect(breaker.state()).toBe('closed');
    calls('timeout', 'timeout');
    expect(breaker.state()).toBe('closed');
  });

  it('waits twice as long after each probe that fails, thirty seconds at most', () => {
    for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(breaker.failed(probeAfter(ms), 'error')).toBe(true);
      expect(breaker.state()).toBe('open');
    }
  });

  it('waits a second again after it was closed by a success', () => {
    breaker.failed(probeAfter(1_000), 'timeout');
    probeAfter(2_000);
    breaker.succeeded();
    calls('timeout', 'timeout', 'timeout');
    probeAfter(1_000);
  });

  it('closes when a call that began before it opened succeeds', () => {
    breaker.succeeded();
    expect(breaker.state()).toBe('closed');
  });

  it('is not kept open any longer by calls that began before it opened and fail', () => {
    const before: Pass = { probe: false };
    expect(breaker.failed(before, 'timeout')).toBe(false);
    probeAfter(1_000);
    expect(breaker.failed(before, 'timeout')).toBe(false);
    expect(breaker.state()).toBe('half-open');
  });

  it('closes at once when the connection becomes ready', () => {
    breaker.connectionReady();
    expect(breaker.state()).toBe('closed');
  });

  it('closes when the connection becomes ready while a probe is out, whose failure then counts as one', () => {
    const probe = probeAfter(1_000);
    breaker.connectionReady();
    expect(breaker.failed(probe, 'error')).toBe(false);
    expect(breaker.state()).toBe('closed');
  });
});

describe('a connection that is ready and yet does not answer', () => {
  beforeEach(() => {
    calls('timeout', 'timeout', 'timeout');
    breaker.connectionReady();
    calls('timeout', 'timeout', 'timeout');
  });

  it('closes the circuit no more: only a probe that succeeds does', () => {
    breaker.connectionReady();
    expect(breaker.state()).toBe('open');
    probeAfter(1_000);
    breaker.succeeded();
    expect(breaker.state()).toBe('closed');
  });

  it('is believed again after a success', () => {
    probeAfter(1_000);
    breaker.succeeded();
    calls('timeout', 'timeout', 'timeout');
    breaker.connectionReady();
    expect(breaker.state()).toBe('closed');
  });
});

describe('a connection that comes and goes', () => {
  it('closes the circuit each time it comes', () => {
    for (let outage = 0; outage < 3; outage += 1) {
      calls('error', 'error', 'error', 'error', 'error');
      expect(breaker.state()).toBe('open');
      breaker.connectionReady();
      expect(breaker.state()).toBe('closed');
    }
  });
});
