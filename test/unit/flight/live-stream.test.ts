import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CHUNKS } from '../../../src/entry/entry.ts';
import { LiveStream } from '../../../src/flight/live-stream.ts';

const HEAD = { status: 200, headers: [] };

function newLive(maxBytes = 1000, onUnread?: () => void): LiveStream {
  return new LiveStream(HEAD, maxBytes, onUnread);
}

/** What a reader finds that reads all from `index` on. */
function textFrom(live: LiveStream, index = 0): string {
  let text = '';
  for (let at = index; at < live.length; at += 1) text += live.at(at)?.toString() ?? '?';
  return text;
}

describe('a live stream', () => {
  it('holds what was pushed, in order, for readers that begin at any time', () => {
    const live = newLive();
    for (const text of ['a', '', 'bc', 'd']) live.push(Buffer.from(text));
    expect([live.length, textFrom(live), live.isWhole, live.state]).toEqual([3, 'abcd', true, 'open']);
    expect(live.at(3)).toBeUndefined();
    expect(live.head).toBe(HEAD);
  });

  it('shares its chunks and copies none', () => {
    const live = newLive();
    const chunk = Buffer.from('a');
    live.push(chunk);
    expect(live.at(0)).toBe(chunk);
  });

  it('tells its readers of each chunk and of the end, and of nothing after', () => {
    const live = newLive();
    const heard: string[] = [];
    const stop = live.onChange(() => heard.push(`one ${live.length} ${live.state}`));
    live.onChange(() => heard.push('other'));
    live.push(Buffer.from('a'));
    stop();
    live.push(Buffer.from('b'));
    live.end('complete');
    live.push(Buffer.from('c'));
    live.end('cut');
    expect(heard).toEqual(['one 1 open', 'other', 'other', 'other']);
    expect([live.state, textFrom(live)]).toEqual(['complete', 'ab']);
  });

  it.each(['complete', 'cut'] as const)('that is %s is over for those who wait', async (state) => {
    const live = newLive();
    const over = live.over().then(() => live.state);
    live.push(Buffer.from('a'));
    live.end(state);
    expect([await over, live.readers]).toEqual([state, 0]);
    await live.over();
  });

  it('tells once that the last reader has left', () => {
    let unread = 0;
    const live = newLive(1000, () => (unread += 1));
    const [one, other] = [live.onChange(() => undefined), live.onChange(() => undefined)];
    one();
    one();
    expect([unread, live.readers]).toEqual([0, 1]);
    other();
    other();
    expect([unread, live.readers]).toEqual([1, 0]);
  });

  it('forgets its oldest chunks beyond maxBytes, and then nobody can begin any more', () => {
    const live = newLive(10);
    live.onChange(() => undefined);
    live.push(Buffer.from('12345'));
    live.push(Buffer.from('67890'));
    expect(live.isWhole).toBe(true);
    live.push(Buffer.from('a'));
    expect([live.isWhole, live.length, live.at(0), textFrom(live, 1)]).toEqual([false, 3, undefined, '67890a']);
  });

  it('forgets its oldest chunks beyond the number that may be held', () => {
    const live = newLive(1e9);
    live.onChange(() => undefined);
    for (let index = 0; index <= MAX_CHUNKS; index += 1) live.push(Buffer.from('x'));
    expect([live.length, live.isWhole, live.at(0), live.at(1)?.toString()]).toEqual([
      MAX_CHUNKS + 1,
      false,
      undefined,
      'x',
    ]);
  });

  it('holds nothing that nobody reads and nobody can join', () => {
    const live = newLive(10);
    live.push(Buffer.from('12345'));
    live.push(Buffer.from('67890a'));
    expect([live.isWhole, live.length, live.at(0), live.at(1)]).toEqual([false, 2, undefined, undefined]);
    live.push(Buffer.from('b'));
    expect(live.at(2)).toBeUndefined();
  });

  it('never gives a reader another chunk than the one of its index, nor holds more than it may', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 8 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, maxBytes) => {
          const live = newLive(maxBytes);
          live.onChange(() => undefined);
          const pushed: Buffer[] = [];
          for (const [index, size] of sizes.entries()) {
            const chunk = Buffer.alloc(size, index);
            live.push(chunk);
            if (size > 0) pushed.push(chunk);
          }
          const held = pushed.map((_chunk, index) => live.at(index));
          expect(live.length).toBe(pushed.length);
          expect(held.every((chunk, index) => chunk === undefined || chunk === pushed[index])).toBe(true);
          // What is held is the end of it, and as much as fits.
          const first = held.findIndex((chunk) => chunk !== undefined);
          const kept = first === -1 ? [] : held.slice(first);
          expect(kept).not.toContain(undefined);
          const bytes = Buffer.concat(kept as Buffer[]).length;
          expect(bytes).toBeLessThanOrEqual(maxBytes);
          expect(live.isWhole).toBe(Buffer.concat(pushed).length <= maxBytes);
        },
      ),
    );
  });
});
