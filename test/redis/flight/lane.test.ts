import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FRAME_FIELD } from '../../../src/flight/redis-frames.ts';
import { RedisLane, type StreamWatcher } from '../../../src/flight/redis-lane.ts';
import { gate, type Gate } from '../../support/gate.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { until } from './until.ts';

let server: RedisServer;
let redis: Redis;
let other: Redis;
let failures: unknown[];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.path);
  other = new Redis(server.path);
  failures = [];
});

afterEach(async () => {
  redis.disconnect();
  other.disconnect();
  await server.stop();
});

type Read = (...args: (string | number)[]) => Promise<unknown>;

/** A lane whose replies pass through `change` on their way. */
function openLane(
  change: (read: Read, args: (string | number)[]) => Promise<unknown>,
  unblock = async (id: number): Promise<number> => Number(await other.client('UNBLOCK', id)),
): RedisLane {
  const read = redis.xreadBuffer.bind(redis) as Read;
  const client = {
    client: () => redis.client('ID'),
    xreadBuffer: (...args: (string | number)[]) => change(read, args),
  };
  return new RedisLane({
    redis: client as unknown as Redis,
    isCluster: false,
    unblock,
    onFailed: (error) => {
      failures.push(error);
      redis.disconnect();
    },
  });
}

function watcher(): StreamWatcher & { readonly frames: string[]; away: boolean } {
  const watching = {
    frames: [] as string[],
    away: false,
    onFrames: (frames: readonly Buffer[]) => void watching.frames.push(...frames.map(String)),
    onAway: () => void (watching.away = true),
  };
  return watching;
}

it('who comes to a stream while a read of it is under way begins at its first frame', async () => {
  let held: Gate | undefined;
  const lane = openLane(async (read, args) => {
    const reply = await read(...args);
    await held?.opened;
    return reply;
  });
  const [early, late] = [watcher(), watcher()];
  await other.xadd('stream', '*', FRAME_FIELD, 'one');
  lane.add('stream', early);
  await until(() => early.frames.length === 1);
  held = gate();
  await other.xadd('stream', '*', FRAME_FIELD, 'two');
  lane.add('stream', late);
  held.open();
  await until(() => late.frames.length === 2);
  expect(late.frames).toEqual(['one', 'two']);
  expect(early.frames).toEqual(['one', 'one', 'two']);
  lane.fail(undefined);
});

it('where it may not unblock, a read waits only for a short turn', async () => {
  const waits: (string | number | undefined)[] = [];
  const lane = openLane(
    (read, args) => {
      waits.push(args[args.indexOf('BLOCK') + 1]);
      return read(...args);
    },
    () => Promise.resolve(-1),
  );
  const [early, late] = [watcher(), watcher()];
  lane.add('early', early);
  await until(() => waits.length === 1);
  lane.add('late', late);
  await other.xadd('late', '*', FRAME_FIELD, 'one');
  await until(() => late.frames.length === 1);
  expect(waits[0]).toBe(1_000);
  expect(Math.max(...waits.slice(1).map(Number))).toBeLessThan(100);
  lane.fail(undefined);
});

it('two who watch one stream both get all of it', async () => {
  const lane = openLane((read, args) => read(...args));
  const [early, late] = [watcher(), watcher()];
  lane.add('stream', early);
  await other.xadd('stream', '*', FRAME_FIELD, 'one');
  await until(() => early.frames.length === 1);
  lane.add('stream', late);
  await until(() => late.frames.length === 1);
  await other.xadd('stream', '*', FRAME_FIELD, 'two');
  await until(() => late.frames.length === 2);
  expect([new Set(early.frames), late.frames]).toEqual([new Set(['one', 'two']), ['one', 'two']]);
  lane.fail(undefined);
});

it('a reply about a stream that nobody asked for ends the connection', async () => {
  await other.xadd('secret', '*', FRAME_FIELD, 'not yours');
  const lane = openLane((read) => read('COUNT', 1, 'STREAMS', 'secret', '0-0'));
  const watching = watcher();
  lane.add('stream', watching);
  await until(() => watching.away);
  expect(watching.frames).toEqual([]);
  expect(failures).toMatchObject([{ code: 'REDIS_REPLY_MISMATCH' }]);
});

it('entries without a frame are passed over', async () => {
  await other.xadd('stream', '*', 'g', 'no frame', 'h', FRAME_FIELD);
  await other.xadd('stream', '*', 'g', 'more', FRAME_FIELD, 'a frame', 'end', '1');
  const lane = openLane((read, args) => read(...args));
  const watching = watcher();
  lane.add('stream', watching);
  await until(() => watching.frames.length > 0);
  expect(watching.frames).toEqual(['a frame']);
  lane.fail(undefined);
});
