import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SingleFlight, type Flight, type Part } from '../../../src/flight/single-flight.ts';

type Follower = Extract<Part<string>, { role: 'follower' }>;

function newFlights(options: Partial<ConstructorParameters<typeof SingleFlight>[0]> = {}): SingleFlight<string> {
  return new SingleFlight<string>({ waitMs: 1_000, maxFollowers: 100, maxFlights: 100, ...options });
}

function lead(flights: SingleFlight<string>, digest = 'a'): Flight<string> {
  const part = flights.enter(digest);
  if (part.role !== 'leader') throw new Error(`the part is ${part.role}`);
  return part.flight;
}

function follow(flights: SingleFlight<string>, digest = 'a'): Follower {
  const part = flights.enter(digest);
  if (part.role !== 'follower') throw new Error(`the part is ${part.role}`);
  return part;
}

/** How each of them landed. */
async function landings(...followers: Follower[]): Promise<string[]> {
  const landed = await Promise.all(followers.map(({ landing }) => landing));
  return landed.map((one) => (one.kind === 'answer' ? one.answer : one.kind));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a flight', () => {
  it('has one leader; whoever comes after it follows, for each key apart', () => {
    const flights = newFlights();
    const roles = ['a', 'a', 'b', 'a', 'b'].map((digest) => flights.enter(digest).role);
    expect(roles).toEqual(['leader', 'follower', 'leader', 'follower', 'follower']);
    expect(flights.size).toBe(2);
  });

  it('gives the answer to all, and to those who come while it is stored', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const followers = [follow(flights), follow(flights)];
    flight.answer('yes');
    expect(await landings(...followers)).toEqual(['yes', 'yes']);
    expect(flights.enter('a')).toEqual({ role: 'late', answer: 'yes' });
    flight.close();
    expect(flights.enter('a').role).toBe('leader');
  });

  it('elects one follower when the leader failed, and the rest goes on waiting', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const [first, second, third] = [follow(flights), follow(flights), follow(flights)];
    flight.fail('error 1');
    flight.close();
    const landing = await first.landing;
    expect(landing).toEqual({ kind: 'lead', flight });
    const late = follow(flights);
    flight.answer('yes');
    flight.close();
    expect(await landings(second, third, late)).toEqual(['yes', 'yes', 'yes']);
    expect(flights.size).toBe(0);
  });

  it('gives the error answer to all when the second leader failed too', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const [elected, second, third] = [follow(flights), follow(flights), follow(flights)];
    flight.fail('error 1');
    flight.fail('error 2');
    expect(await landings(elected, second, third)).toEqual(['lead', 'error 2', 'error 2']);
    expect(flights.enter('a').role).toBe('leader');
  });

  it('gives the cause where the second leader left no answer', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const [, second, third] = [follow(flights), follow(flights), follow(flights)];
    const cause = new Error('no');
    flight.fail(undefined);
    flight.fail(undefined, cause);
    expect(await Promise.all([second?.landing, third?.landing])).toEqual([
      { kind: 'failed', cause },
      { kind: 'failed', cause },
    ]);
  });

  it('is over when the leader failed and nobody waits', () => {
    const flights = newFlights();
    lead(flights).fail('error');
    expect(flights.size).toBe(0);
  });

  it('lets all go on alone when the answer is the leader’s own', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const followers = [follow(flights), follow(flights)];
    flight.release();
    expect(await landings(...followers)).toEqual(['alone', 'alone']);
    expect(flights.enter('a').role).toBe('leader');
  });

  it('does not take away a later flight of the same key when it closes', () => {
    const flights = newFlights();
    const first = lead(flights);
    first.release();
    lead(flights);
    first.release();
    first.close();
    expect(flights.enter('a').role).toBe('follower');
  });

  it('goes to the next when the elected one has gone, and is over when all have', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const [first, second] = [follow(flights), follow(flights)];
    flight.fail('error');
    flight.handOver();
    expect(await landings(first, second)).toEqual(['lead', 'lead']);
    flight.handOver();
    expect(flights.size).toBe(0);
  });

  it('elects nobody who has left', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const [first, second] = [follow(flights), follow(flights)];
    first.leave();
    expect(flight.followers).toBe(1);
    flight.fail('error');
    expect(await landings(first, second)).toEqual(['alone', 'lead']);
  });
});

describe('a follower', () => {
  it('goes on alone when it has waited for waitMs, and not a moment before', async () => {
    const flights = newFlights({ waitMs: 500 });
    const flight = lead(flights);
    const follower = follow(flights);
    vi.advanceTimersByTime(499);
    expect(flight.followers).toBe(1);
    vi.advanceTimersByTime(1);
    expect(flight.followers).toBe(0);
    expect(await landings(follower)).toEqual(['alone']);
    flight.answer('late');
  });

  it('leaves no timer behind, however it lands', () => {
    const flights = newFlights();
    const flight = lead(flights);
    const leaving = follow(flights);
    follow(flights);
    follow(flights);
    expect(vi.getTimerCount()).toBe(3);
    leaving.leave();
    flight.fail('error');
    flight.answer('yes');
    expect(vi.getTimerCount()).toBe(0);
    leaving.leave();
  });
});

describe('the bounds', () => {
  it('of followers: one more runs alone, and the flight goes on', () => {
    const flights = newFlights({ maxFollowers: 2 });
    lead(flights);
    expect([1, 2, 3].map(() => flights.enter('a').role)).toEqual(['follower', 'follower', 'alone']);
  });

  it('of flights: one more key runs alone, those in flight can be joined', () => {
    const flights = newFlights({ maxFlights: 2 });
    expect(['a', 'b', 'c', 'a'].map((digest) => flights.enter(digest).role)).toEqual([
      'leader',
      'leader',
      'alone',
      'follower',
    ]);
    expect(flights.size).toBe(2);
  });

  it('hold for thousands of keys that come and go', () => {
    const flights = newFlights({ maxFlights: 10 });
    for (let index = 0; index < 5_000; index += 1) {
      const flight = lead(flights, `key ${index}`);
      flight.answer('yes');
      flight.close();
    }
    expect(flights.size).toBe(0);
  });
});

describe('the leader of a flight', () => {
  it('is told of each follower that leaves, and of none that lands', async () => {
    const flights = newFlights();
    const flight = lead(flights);
    const left: number[] = [];
    flight.onLeft(() => left.push(flight.followers));
    const [one, other, third] = [follow(flights), follow(flights), follow(flights)];
    one.leave();
    other.leave();
    expect(left).toEqual([2, 1]);
    flight.answer('done');
    expect(await landings(one, other, third)).toEqual(['alone', 'alone', 'done']);
    expect(left).toEqual([2, 1]);
  });
});
