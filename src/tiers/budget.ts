/** What all waits for Redis on one request's path may still take. */
export interface Budget {
  remainingMs(): number;
  /** Takes a wait off; what the handler takes between two waits does not count. */
  spend(ms: number): void;
}

/** A budget for one request. */
export function budgetOf(totalMs: number): Budget {
  let remaining = totalMs;
  return {
    remainingMs: () => remaining,
    spend: (ms) => {
      remaining = Math.max(0, remaining - ms);
    },
  };
}
