/** What the cache and OpenTelemetry counted, asked from outside as a dashboard and Prometheus would. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stats } from 'express-ai-cache';
import { sumOf } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

export interface Figures {
  readonly stats: Stats;
  /** Entries that went with their collection. */
  readonly removed: number;
  /** Spans that have ended. */
  readonly getSpans: number;
  readonly fillSpans: number;
  /** The count of the histogram `ai_cache.request.duration`, as Prometheus scrapes it. */
  readonly requestsMeasured: number;
}

const PATIENCE_MS = 5_000;

/** A request is counted when its last byte is sent, which its client may see a moment earlier: waits until `sent` of them are. */
export async function readFigures(
  origin: string,
  telemetry: Telemetry,
  sent: number,
  deadline = performance.now() + PATIENCE_MS,
): Promise<Omit<Figures, 'removed'>> {
  const figures = await readOnce(origin, telemetry);
  if (figures.requestsMeasured >= sent || performance.now() > deadline) return figures;
  await sleep(20);
  return readFigures(origin, telemetry, sent, deadline);
}

async function readOnce(origin: string, { spans }: Telemetry): Promise<Omit<Figures, 'removed'>> {
  const stats = (await (await fetch(`${origin}/ai-cache/stats`)).json()) as Stats;
  const exposition = await (await fetch(`${origin}/metrics`)).text();
  return {
    stats,
    getSpans: spans.get('cache.get ai-cache') ?? 0,
    fillSpans: spans.get('cache.fill ai-cache') ?? 0,
    requestsMeasured: sumOf('ai_cache_request_duration_count', exposition),
  };
}
