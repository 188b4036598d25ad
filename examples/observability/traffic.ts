/** What the clients of the app do: one round has something of everything that the dashboards show. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FAILING } from './emulator.ts';

/** How often each `cache.result` was seen in `Cache-Status`. */
export type Seen = Readonly<Record<'hit' | 'stale' | 'miss' | 'coalesced' | 'bypass' | 'error', number>>;

const CROWD = 5;
const MODELS = ['gpt-4o-mini', 'gpt-4o'];

/** After so many milliseconds the news are stale. */
const STALE_AFTER_MS = 1_100;

/** One round; `round` makes its questions new ones. Resolves to how they were answered. */
export async function sendTraffic(origin: string, round: number): Promise<Seen> {
  const seen = { hit: 0, stale: 0, miss: 0, coalesced: 0, bypass: 0, error: 0 };
  const send = async (path: string, body?: object, headers: Record<string, string> = {}): Promise<void> => {
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(origin + path, { ...sent, headers: { 'Content-Type': 'application/json', ...headers } });
    await answer.text();
    seen[resultOf(answer)] += 1;
  };
  const askAll = (): Promise<void[]> =>
    Promise.all(MODELS.map((model) => send('/api/ask', { text: `Question ${round}`, model })));

  await send('/api/news');
  // Made once, then found.
  await askAll();
  await askAll();
  await askAll();
  // One asks the model, the others wait for its answer, or join its stream.
  await Promise.all(Array.from({ length: CROWD }, () => send('/api/chat', { text: `A crowd asks ${round}` })));
  await send('/api/chat', { text: `A crowd asks ${round}` });
  await send('/api/ask', { text: FAILING });
  // The cache leaves this one alone.
  await send('/api/news', undefined, { 'Last-Event-ID': '7' });
  await sleep(STALE_AFTER_MS);
  await send('/api/news');
  return seen;
}

function resultOf({ status, headers }: Response): keyof Seen {
  const cacheStatus = headers.get('cache-status') ?? '';
  if (status >= 500) return 'error';
  if (/; hit; ttl=-/.test(cacheStatus)) return 'stale';
  if (/; hit;/.test(cacheStatus)) return 'hit';
  if (/; collapsed/.test(cacheStatus)) return 'coalesced';
  return /; fwd=(miss|stale)/.test(cacheStatus) ? 'miss' : 'bypass';
}
