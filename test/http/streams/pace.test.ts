import { once } from 'node:events';
import type { RequestHandler } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { turnsUntil } from '../../support/turns.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, event } from './event-stream.ts';
import { written } from './written.ts';

const [first = '', second = '', done = ''] = EVENTS;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(expressVersions)('a stream replayed on $name', ({ express }) => {
  /** A site with a stored stream: an event at once, one 100 ms after the head, the end 250 ms after it. */
  async function storedStream(pace: 'instant' | 'recorded' | undefined, outer: readonly RequestHandler[] = []) {
    const clock = manualClock();
    const sent = written();
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.type('text/event-stream').write(first);
        clock.advance(100);
        res.write(second);
        clock.advance(150);
        res.end(done);
      },
      { clock, outer: [...outer, sent.middleware], route: pace === undefined ? {} : { replay: { pace } } },
    );
    expect((await site.ask()).text).toBe(EVENTS.join(''));
    return { site, sent };
  }

  it.each(['instant', undefined] as const)('with pace %s is written at once and runs no timer', async (pace) => {
    const { site, sent } = await storedStream(pace);
    const answer = await (await wireClient(site.port)).ended();
    expect(answer.chunks.map(String)).toEqual(EVENTS);
    expect(sent.of(1)).toEqual(EVENTS);
    expect([vi.getTimerCount(), site.runs]).toEqual([0, 1]);
  });

  it('with pace recorded is written chunk by chunk, as far apart as they came', async () => {
    const { site, sent } = await storedStream('recorded');
    const client = await wireClient(site.port);
    await client.has(first);
    expect([sent.of(1), vi.getTimerCount()]).toEqual([[first], 1]);
    vi.advanceTimersByTime(99);
    expect(sent.of(1)).toEqual([first]);
    vi.advanceTimersByTime(1);
    expect(sent.of(1)).toEqual([first, second]);
    vi.advanceTimersByTime(149);
    expect(sent.of(1)).toEqual([first, second]);
    vi.advanceTimersByTime(1);
    expect(sent.of(1)).toEqual(EVENTS);
    const answer = await client.ended();
    expect([answer.chunks.map(String), answer.end]).toEqual([EVENTS, 'whole']);
    expect([vi.getTimerCount(), site.runs]).toEqual([0, 1]);
  });

  it('to a client that leaves stops its timer at once', async () => {
    const { site, sent } = await storedStream('recorded');
    const client = await wireClient(site.port);
    await client.has(first);
    expect(vi.getTimerCount()).toBe(1);
    client.leave();
    await once(sent.responses[1] as NodeJS.EventEmitter, 'close');
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(sent.of(1)).toEqual([first]);
    expect(site.runs).toBe(1);
  });

  it('to several clients is paced for each of them by itself', async () => {
    const { site, sent } = await storedStream('recorded');
    const one = await wireClient(site.port);
    await one.has(first);
    vi.advanceTimersByTime(60);
    const other = await wireClient(site.port);
    await other.has(first);
    vi.advanceTimersByTime(40);
    expect([sent.of(1), sent.of(2)]).toEqual([[first, second], [first]]);
    vi.advanceTimersByTime(60);
    expect(sent.of(2)).toEqual([first, second]);
    vi.advanceTimersByTime(150);
    const answers = await Promise.all([one.ended(), other.ended()]);
    expect(answers.map(({ text }) => text)).toEqual([EVENTS.join(''), EVENTS.join('')]);
    expect(site.runs).toBe(1);
  });

  it('with pace recorded is not slowed down by the time its own client takes', async () => {
    const clock = manualClock();
    const sent = written();
    const large = event('x'.repeat(100_000));
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.type('text/event-stream').write(large);
        clock.advance(100);
        res.end(done);
      },
      { clock, outer: [sent.middleware], route: { replay: { pace: 'recorded' } } },
    );
    await site.ask();
    const client = await wireClient(site.port, {}, { isReading: false });
    await turnsUntil(() => sent.of(1).length === 1);
    vi.advanceTimersByTime(100);
    client.socket.resume();
    expect((await client.ended()).text).toBe(large + done);
    expect([vi.getTimerCount(), site.runs]).toEqual([0, 1]);
  });
});
