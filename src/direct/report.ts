import type { Entry } from '../entry/entry.ts';
import type { Asked } from '../exchange/make-entry.ts';
import { savedBy } from '../exchange/send-entry.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { modelOf } from '../request/labels.ts';
import type { Outcome } from '../telemetry/outcome.ts';

/** A request of a program rather than a client. */
export interface Direct extends Asked {
  readonly startedAt: number;
  /** The very object that the program gave, which may change it meanwhile. */
  readonly given: AIRequest;
}

/** Tells telemetry what became of a request, once. */
export function report(
  direct: Direct,
  facts: Pick<Outcome, 'result' | 'tier' | 'bypass' | 'mode'> & { readonly entry?: Entry },
): void {
  const { parts, request, startedAt } = direct;
  const { result, entry, tier, bypass, mode } = facts;
  const outcome = Object.freeze({
    result,
    ...(tier === undefined ? {} : { tier }),
    ...(bypass === undefined ? {} : { bypass }),
    ...(mode === undefined ? {} : { mode }),
    ...(entry === undefined ? modelOf(request) : savedBy(entry)),
    status: entry?.status ?? 200,
    durationMs: parts.clock.monotonic() - startedAt,
  });
  parts.observe({ type: 'request', outcome });
}
