import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedMetric,
  type ReceivedSpan,
} from '../support/otlp-receiver.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { runExample, type Run } from './observability-example.ts';

let redis: RedisServer;
let receiver: OtlpReceiver;
let run: Run;

beforeAll(async () => {
  [redis, receiver] = await Promise.all([startRedis(), startOtlpReceiver()]);
  run = await runExample({ REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
});

afterAll(() => Promise.all([redis.stop(), receiver.stop()]));

/** The documented instruments: kind, unit, buckets, and the attributes beside `cache.name`; `?`: not on every point. */
const INSTRUMENTS = `
ai_cache.request.duration   | histogram | s | .0005 .001 .0025 .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10 30 60 120 | cache.result cache.tier? http.route? error.type?
ai_cache.operation.duration | histogram | s | .0001 .00025 .0005 .001 .0025 .005 .01 .05 .1 .5 1 5 10 | cache.tier cache.operation cache.hit? error.type?
ai_cache.key.duration       | histogram | s | .000005 .00001 .000025 .00005 .0001 .00025 .0005 .001 .005 .01 |
ai_cache.fill.duration      | histogram | s | .01 .02 .04 .08 .16 .32 .64 1.28 2.56 5.12 10.24 20.48 40.96 81.92 163.84 | http.route cache.fill.reason gen_ai.provider.name? gen_ai.request.model? error.type?
ai_cache.entry.size         | histogram | By | 256 1024 4096 16384 65536 262144 1048576 4194304 | cache.entry.form cache.encoding
ai_cache.codec.duration     | histogram | s | .00005 .0001 .00025 .0005 .001 .0025 .005 .01 .025 .05 .1 | cache.codec.operation cache.encoding
ai_cache.entry.age          | histogram | s | 1 5 15 60 300 900 3600 21600 86400 604800 | cache.result
ai_cache.evictions          | counter | {eviction} | | cache.tier cache.eviction.reason
ai_cache.entry.count        | up-down counter | {entry} | | cache.tier
ai_cache.memory.usage       | up-down counter | By | | cache.tier
ai_cache.memory.limit       | up-down counter | By | | cache.tier
ai_cache.circuit.state      | up-down counter | {circuit} | | cache.tier cache.circuit.state
ai_cache.fill.active        | up-down counter | {fill} | |
ai_cache.saved.cost         | counter | {USD} | | gen_ai.provider.name gen_ai.request.model
ai_cache.saved.tokens       | counter | {token} | | gen_ai.token.type gen_ai.provider.name gen_ai.request.model
ai_cache.saved.time         | counter | s | | http.route
`;

const documented = INSTRUMENTS.trim()
  .split('\n')
  .map((row) => {
    const [name = '', kind = '', unit = '', buckets = '', attributes = ''] = row.split('|').map((cell) => cell.trim());
    const words = (text: string): string[] => (text === '' ? [] : text.split(' '));
    return { name, kind, unit, buckets: words(buckets).map(Number), attributes: words(attributes) };
  });

function metric(name: string): ReceivedMetric {
  const found = receiver.metrics().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} came`);
  return found;
}

/** The spans as a trace view shows them: a line a span, indented under its parent, siblings by name. */
function tree(span: ReceivedSpan, depth = 0): string {
  const children = receiver
    .spans()
    .filter(({ parentSpanId }) => parentSpanId === span.spanId)
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return [`${'  '.repeat(depth)}${span.name}`, ...children.map((child) => tree(child, depth + 1))].join('\n');
}

/** The trees of the requests with a span that fits. */
function treesWith(name: string, attributes: Record<string, unknown>): Set<string> {
  const traces = new Set(spansOf(name, attributes).map(({ traceId }) => traceId));
  return new Set(
    receiver
      .spans()
      .filter(({ traceId, parentSpanId = '' }) => traces.has(traceId) && parentSpanId === '')
      .map((root) => tree(root)),
  );
}

function spansOf(name: string, attributes: Record<string, unknown> = {}): ReceivedSpan[] {
  return receiver
    .spans()
    .filter(
      (span) =>
        span.name === name && Object.entries(attributes).every(([label, value]) => span.attributes[label] === value),
    );
}

/** Indented as below, without the margin. */
function drawn(picture: string): string {
  const lines = picture.split('\n').slice(1, -1);
  const margin = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map((line) => line.slice(margin)).join('\n');
}

describe('the observability example, pushing to a collector', () => {
  it('ends well and sends JSON by OTLP over HTTP', () => {
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^Answered +\d+ hit, \d+ stale, \d+ miss, \d+ coalesced, \d+ bypass, \d+ error$/m);
    expect(receiver.contentTypes()).toEqual(new Set(['application/json']));
  });

  it('sends the documented instruments and no others, in the scope of this package', () => {
    const ours = receiver.metrics().filter(({ scope }) => scope.name === 'express-ai-cache');
    expect(ours.map(({ name }) => name).toSorted()).toEqual(documented.map(({ name }) => name).toSorted());
  });

  it.each(documented)('sends $name as documented', ({ name, kind, unit, buckets, attributes }) => {
    const sent = metric(name);
    expect({ kind: sent.kind, unit: sent.unit, buckets: sent.buckets ?? [] }).toEqual({ kind, unit, buckets });
    const required = ['cache.name', ...attributes.filter((label) => !label.endsWith('?'))];
    const allowed = ['cache.name', ...attributes.map((label) => label.replace('?', ''))];
    expect(sent.points.length).toBeGreaterThan(0);
    for (const { attributes: labels } of sent.points) {
      expect(Object.keys(labels)).toEqual(expect.arrayContaining(required));
      expect(Object.keys(labels).filter((label) => !allowed.includes(label))).toEqual([]);
    }
    // Each of them is on some point, but for the failure of a Redis that does not fail.
    const seen = new Set(sent.points.flatMap(({ attributes: labels }) => Object.keys(labels)));
    const never = name === 'ai_cache.operation.duration' ? ['error.type'] : [];
    expect(allowed.filter((label) => !seen.has(label) && !never.includes(label))).toEqual([]);
  });

  it('counts each request under the result that its client saw', () => {
    const [, line = ''] = /^Answered +(.*)$/m.exec(run.stdout) ?? [];
    const seen = Object.fromEntries(line.split(', ').map((part) => part.split(' ').toReversed()));
    const counted: Record<string, number> = {};
    for (const { attributes, value } of metric('ai_cache.request.duration').points) {
      const result = String(attributes['cache.result']);
      counted[result] = (counted[result] ?? 0) + value;
    }
    expect(counted).toEqual(Object.fromEntries(Object.entries(seen).map(([result, count]) => [result, Number(count)])));
  });

  it('says which circuit is closed', () => {
    const states = metric('ai_cache.circuit.state').points.map(({ attributes, value }) => [
      attributes['cache.tier'],
      attributes['cache.circuit.state'],
      value,
    ]);
    expect(states).toEqual([
      ['redis', 'closed', 1],
      ['redis', 'open', 0],
      ['redis', 'half-open', 0],
    ]);
  });
});

describe('the traces of the example, with http, express and ioredis instrumented', () => {
  it('tell a miss as a story: the lookup, the model call in the fill, the writing', () => {
    expect(treesWith('cache.fill ai-cache', { 'gen_ai.request.model': 'gpt-4o', 'http.route': '/api/ask' })).toEqual(
      new Set([
        drawn(`
          POST /api/ask
            request handler
              cache.fill ai-cache
                cache.put ai-cache
                  eval
                  set
                chat gpt-4o
              cache.get ai-cache
                get
                zrange
        `),
      ]),
    );
  });

  it('show a hit from memory with nothing behind it', () => {
    expect(treesWith('cache.get ai-cache', { 'cache.result': 'hit', 'http.route': '/api/ask' })).toEqual(
      new Set([
        drawn(`
          POST /api/ask
            request handler
              cache.get ai-cache
        `),
      ]),
    );
  });

  it('link each follower to the fill that it waited for, in the leader’s trace', () => {
    const followers = spansOf('cache.get ai-cache', { 'cache.result': 'coalesced' });
    const fills = spansOf('cache.fill ai-cache', { 'http.route': '/api/chat' });
    expect(followers.length).toBeGreaterThan(2);
    for (const { links, traceId } of followers) {
      expect(links).toHaveLength(1);
      const leader = fills.find(({ spanId }) => spanId === links[0]?.spanId);
      expect(leader?.traceId).toBe(links[0]?.traceId);
      expect(leader?.traceId).not.toBe(traceId);
    }
    expect(treesWith('cache.get ai-cache', { 'cache.result': 'coalesced' })).toEqual(
      new Set([
        drawn(`
          POST /api/chat
            request handler
              cache.get ai-cache
                get
                zrange
        `),
      ]),
    );
  });

  it('show a refresh as a trace of its own, linked to the request that was answered stale', () => {
    const refreshes = spansOf('cache.revalidate ai-cache');
    expect(refreshes.length).toBeGreaterThan(0);
    for (const refresh of refreshes) {
      expect(refresh.parentSpanId ?? '').toBe('');
      expect(tree(refresh)).toBe(
        drawn(`
          cache.revalidate ai-cache
            cache.put ai-cache
              eval
              set
            chat gpt-4o-mini
        `),
      );
      const cause = spansOf('cache.get ai-cache', { 'cache.result': 'stale' }).find(
        ({ spanId }) => spanId === refresh.links[0]?.spanId,
      );
      expect(cause?.traceId).toBe(refresh.links[0]?.traceId);
      expect(cause?.traceId).not.toBe(refresh.traceId);
    }
    expect(treesWith('cache.get ai-cache', { 'cache.result': 'stale' })).toEqual(
      new Set([
        drawn(`
          GET /api/news
            request handler
              cache.get ai-cache
        `),
      ]),
    );
  });

  it('mark a failed fill, and not the lookup before it', () => {
    const [failed] = spansOf('cache.fill ai-cache', { 'error.type': '502' });
    expect(failed?.status.code).toBe(2);
    const lookups = receiver.spans().filter(({ name }) => name === 'cache.get ai-cache');
    expect(new Set(lookups.map(({ status }) => status.code ?? 0))).toEqual(new Set([0]));
  });

  it('end every lookup before the handler runs', () => {
    const fills = spansOf('cache.fill ai-cache');
    expect(fills.length).toBeGreaterThan(0);
    for (const fill of fills) {
      const get = spansOf('cache.get ai-cache').find(({ parentSpanId }) => parentSpanId === fill.parentSpanId);
      expect(BigInt(get?.endTimeUnixNano ?? 0)).toBeLessThanOrEqual(BigInt(fill.startTimeUnixNano) + 1_000_000n);
    }
  });

  it('show nothing of Redis that is not a request’s own', () => {
    const parents = new Map(receiver.spans().map((span) => [span.spanId, span.name]));
    const ofRedis = receiver.spans().filter(({ scope }) => scope === '@opentelemetry/instrumentation-ioredis');
    const found = ofRedis.map(({ name, parentSpanId = '' }) => `${name} of ${parents.get(parentSpanId)}`);
    expect(new Set(found)).toEqual(
      new Set([
        'get of cache.get ai-cache',
        'zrange of cache.get ai-cache',
        'set of cache.put ai-cache',
        'eval of cache.put ai-cache',
      ]),
    );
  });
});
