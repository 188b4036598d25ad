import { fieldOf } from '../entry/header-fields.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import { completenessInTurns } from '../policy/completeness.ts';
import type { KeyedExchange } from './exchange.ts';
import { costOf } from './make-entry.ts';
import type { Spared } from './send-entry.ts';

/** What joining an answer of another process spared, as far as its own bytes tell once it has ended. */
export async function sparedByLive({ parts, request }: KeyedExchange, live: LiveStream): Promise<Spared> {
  if (live.state !== 'complete' || !live.isWhole) return {};
  const chunks = Array.from({ length: live.length }, (_, index) => live.at(index)).filter(
    (chunk) => chunk !== undefined,
  );
  const contentType = fieldOf(live.head.headers, 'content-type');
  const { usage, model } = await completenessInTurns(contentType, Buffer.concat(chunks));
  if (usage === undefined) return {};
  const costUsd = costOf(parts, request, usage, model);
  return { usage, ...(costUsd === undefined ? {} : { costUsd }) };
}
