import type { CacheInfo } from '../stats/inspectable.ts';
import type { AllowedChanges } from '../stats/schemas.ts';
import type { PerformanceHistory } from '../telemetry/performance-history.ts';
import type { PerformanceSnapshot } from '../telemetry/performance-snapshot.ts';
import type { Stats } from '../telemetry/stats.ts';

export type Scope = 'process' | 'cluster';

/** What the page shows, read at one time. */
export interface Figures {
  /** Whose `stats` they are; all else is of this process. */
  readonly scope: Scope;
  readonly stats: Stats;
  readonly performance: PerformanceSnapshot;
  readonly history: PerformanceHistory;
  /** `actions`: what whoever looks may do. */
  readonly info: CacheInfo & { readonly actions: AllowedChanges };
}

/** `status` 0: nothing came back. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PATIENCE_MS = 10_000;

export async function readFigures(scope: Scope): Promise<Figures> {
  const [stats, performance, history, info] = await Promise.all([
    get<Stats>(scope === 'cluster' ? 'stats?across=cluster' : 'stats'),
    get<PerformanceSnapshot>('performance'),
    get<PerformanceHistory>('performance/history'),
    get<Figures['info']>('info'),
  ]);
  return { scope, stats, performance, history, info };
}

/** Resolves to the number of entries removed. */
export async function invalidate(selector: Readonly<Record<string, string>>): Promise<number> {
  const { removed } = await ask<{ removed: number }>(`invalidate?${new URLSearchParams(selector)}`, 'DELETE');
  return removed;
}

/** Resolves to the number of entries removed. */
export async function clear(namespace: string): Promise<number> {
  const { removed } = await ask<{ removed: number }>(`clear?${new URLSearchParams({ confirm: namespace })}`, 'DELETE');
  return removed;
}

function get<Body>(path: string): Promise<Body> {
  return ask(path, 'GET', AbortSignal.timeout(PATIENCE_MS));
}

/** The path is relative to the page, wherever that is mounted and whatever proxy is in front of it. */
async function ask<Body>(path: string, method: 'GET' | 'DELETE', signal: AbortSignal | null = null): Promise<Body> {
  // A redirect is not followed: to a login page of another site the page's own policy would not let it.
  const response = await fetch(path, { method, cache: 'no-store', redirect: 'manual', signal }).catch(notReached);
  const body: unknown = await response.json().catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) notReached();
  });
  if (response.ok && body !== undefined) return body as Body;
  // A login page in front of the application, most often.
  if (response.ok || response.type === 'opaqueredirect') {
    throw new ApiError(401, 'Something else than the cache answered.');
  }
  throw new ApiError(response.status, detailOf(body) ?? `The application answered with the status ${response.status}.`);
}

function notReached(): never {
  throw new ApiError(0, 'The application cannot be reached.');
}

/** What a problem (RFC 9457) says for people. */
function detailOf(body: unknown): string | undefined {
  const detail: unknown = (body as { detail?: unknown } | undefined)?.detail;
  return typeof detail === 'string' ? detail : undefined;
}
