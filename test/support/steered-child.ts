/** The child's side of steered-process.ts: import it in a script that `SteeredProcess` starts. */
import type { RequestListener } from 'node:http';
import type { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { ChildMessage, ParentMessage } from './steered-process.ts';
import { gate, type Gate } from './gate.ts';
import { listen } from './http.ts';

const gates = new Map<string, Gate>();

function gateOf(about: string): Gate {
  const existing = gates.get(about) ?? gate();
  gates.set(about, existing);
  return existing;
}

/** Tells the parent of an event. */
export function tell(event: string, about: string): void {
  send({ event, about });
}

/** Tells the parent that something is held, and resolves when the parent lets it go on. */
export async function hold(about: string): Promise<void> {
  tell('held', about);
  await gateOf(about).opened;
}

/** Serves an app until the parent closes it. Nothing ends the process then but that there is nothing left to do. */
export async function serveToParent(app: RequestListener, cache: AIResponseCache): Promise<void> {
  const site = await listen(app);
  const onMessage = async (message: ParentMessage): Promise<void> => {
    if ('go' in message) return gateOf(message.go).open();
    // Messages keep their order: whoever hears this has heard all before.
    if ('echo' in message) return tell('echo', message.echo);
    await site.close();
    await cache.close();
    process.disconnect();
  };
  process.on('message', (message) => void onMessage(message as ParentMessage));
  // A parent that is gone closes nothing.
  process.once('disconnect', () => setTimeout(() => process.exit(1), 10_000).unref());
  send({ event: 'ready', port: site.port });
}

/** The settings that the parent gave. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

function send(message: ChildMessage): void {
  // A parent that is gone, or has heard enough, is told nothing.
  if (process.connected) process.send?.(message);
}
