import type { Clock } from '../clock.ts';
import type { Observe, OperationEvent } from '../telemetry/events.ts';
import type { Guarded } from './guarded-tier.ts';
import type { TierName } from './tier.ts';

type Operation = OperationEvent['operation'];

/** Tells telemetry what the tiers did. */
export class OperationReport {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #observe: Observe;

  constructor({ clock, observe }: { readonly clock: Pick<Clock, 'monotonic'>; readonly observe: Observe }) {
    this.#clock = clock;
    this.#observe = observe;
  }

  /** When an operation starts, for the call that reports its end. */
  start(): number {
    return this.#clock.monotonic();
  }

  /** An operation of Redis; one that the guard did not let through did not happen. */
  guarded<T>(operation: Operation, startedAt: number, guarded: Guarded<T>, facts: { hit?: boolean } = {}): void {
    if (!guarded.asked) return;
    const { errorType } = guarded;
    this.done('redis', operation, startedAt, { ...facts, ...(errorType === undefined ? {} : { errorType }) });
  }

  done(
    tier: TierName,
    operation: Operation,
    startedAt: number,
    facts: { hit?: boolean; errorType?: string } = {},
  ): void {
    const durationMs = this.#clock.monotonic() - startedAt;
    this.#observe({ type: 'operation', tier, operation, durationMs, ...facts });
  }
}
