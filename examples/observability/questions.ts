/** What one asks Prometheus about a cache, with its answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prometheus, Series } from './prometheus.ts';

/** Each expression is of a recorded series: see `dashboards/rules`. */
const QUESTIONS = [
  { title: 'Hit ratio', query: 'ai_cache:hit_ratio:rate5m', unit: '' },
  { title: 'p95 of hits', query: 'ai_cache:request_duration_seconds:p95_5m{cache_result="hit"}', unit: ' s' },
  { title: 'p95 of misses', query: 'ai_cache:request_duration_seconds:p95_5m{cache_result="miss"}', unit: ' s' },
  { title: 'Saved', query: 'ai_cache:saved_cost_usd:rate1h * 3600', unit: ' USD an hour' },
] as const;

const PATIENCE_MS = 30_000;

/** Prints each answer; resolves to what Prometheus could not answer, a sentence each. */
export async function askPrometheus(prometheus: Prometheus, print: (line: string) => void): Promise<string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  const answers = await Promise.all(QUESTIONS.map(({ query }) => untilAnswered(prometheus, query, deadline)));
  return QUESTIONS.flatMap(({ title, query, unit }, index) => {
    const value = answers[index]?.[0]?.value;
    if (value === undefined) return [`Prometheus has no answer to ${query}`];
    print(`${title.padEnd(16)}${value.toPrecision(3)}${unit}`);
    return [];
  });
}

/** A rate takes two scrapes and a rule its next evaluation. */
async function untilAnswered(prometheus: Prometheus, query: string, deadline: number): Promise<Series[]> {
  const answer = (await prometheus.query(query)).filter(({ value }) => Number.isFinite(value) && value > 0);
  if (answer.length > 0 || performance.now() > deadline) return answer;
  await sleep(250);
  return untilAnswered(prometheus, query, deadline);
}
