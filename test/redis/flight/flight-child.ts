/** One process of a cluster, steered by its parent: `node flight-child.ts <address of Redis> <settings as JSON>`. */
import { createHash } from 'node:crypto';
import type { ClusterFill, ClusterLanding, ClusterPart } from '../../../src/flight/cluster-flights.ts';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { sampleEntry } from '../../support/sample-entry.ts';
import type { ChildCall, ChildMessage, CrowdRoles } from './flight-process.ts';
import { collect, openFlights, type FlightSettings } from './open-flights.ts';

const [address = '', settings = '{}'] = process.argv.slice(2);
const { flights } = openFlights(address, JSON.parse(settings) as FlightSettings);

/** The fill this process runs, and what it streams. */
let fill: ClusterFill | undefined;
let live: LiveStream | undefined;
let outcomes: Promise<string>[] = [];

function send(message: ChildMessage): void {
  process.send?.(message);
}

function hold(taken: ClusterFill): void {
  fill = taken;
  live = undefined;
  taken.lost.addEventListener('abort', () => send({ event: 'lost' }));
  send({ event: 'lead', failures: taken.failures });
}

/** How a part came out, in a word: for an answer, the hash of its bytes and of the places where its chunks end. */
async function outcomeOf(part: ClusterPart): Promise<string> {
  if (part.role === 'leader') return 'led';
  if (part.role === 'alone') return 'alone';
  const landing = await part.landing;
  if (landing.kind === 'lead') hold(landing.fill);
  return landing.kind === 'lead' ? 'led' : describe(landing);
}

async function describe(landing: ClusterLanding): Promise<string> {
  if (landing.kind === 'answer') return `answer ${landing.entry.body.toString()}`;
  if (landing.kind !== 'live') return landing.kind;
  const { state, chunks } = await collect(landing.stream);
  return `live ${state} ${hashOf(chunks)}`;
}

function hashOf(chunks: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(chunks)).digest('hex');
}

/** Enters so often at once, and remembers what comes of it. */
async function crowd(digest: string, count: number): Promise<CrowdRoles> {
  const parts = await Promise.all(Array.from({ length: count }, () => flights.enter(digest)));
  for (const part of parts) if (part.role === 'leader') hold(part.fill);
  outcomes.push(...parts.map(outcomeOf));
  const sum = (role: ClusterPart['role']): number => parts.filter((part) => part.role === role).length;
  return { leader: sum('leader'), follower: sum('follower'), alone: sum('alone') };
}

async function takeOutcomes(): Promise<string[]> {
  const all = await Promise.all(outcomes);
  outcomes = [];
  return all;
}

function startLive(): void {
  live = new LiveStream({ status: 200, headers: [] }, 1 << 20);
  fill?.live(live);
}

function push(chunks: readonly string[]): void {
  for (const chunk of chunks) live?.push(Buffer.from(chunk));
}

const answers: { readonly [Do in ChildCall['do']]: (call: Extract<ChildCall, { do: Do }>) => unknown } = {
  crowd: ({ digest, count }) => crowd(digest, count),
  outcomes: takeOutcomes,
  live: startLive,
  push: ({ chunks }) => push(chunks),
  complete: () => live?.end('complete'),
  share: ({ name, body }) => fill?.share(sampleEntry({ name, body: Buffer.from(body) })),
  fail: () => fill?.fail(undefined),
  stored: () => fill?.stored(),
  isOurs: () => fill?.isOurs(),
  counts: () => flights.counts,
};

async function answer(call: ChildCall): Promise<unknown> {
  return (answers[call.do] as (call: ChildCall) => unknown)(call);
}

process.on('message', (message) => {
  const { id, call } = message as { id: number; call: ChildCall };
  void answer(call).then((result) => send({ id, result }));
});

send({ event: 'ready' });
