/** What the quickstart prints. */
import type { Row } from './drive.ts';
import type { Figures } from './figures.ts';

const COLUMNS = [
  { title: 'Request', width: 30, isNumber: false },
  { title: 'HTTP', width: 9, isNumber: false },
  { title: 'Cache-Status', width: 44, isNumber: false },
  { title: 'ms', width: 5, isNumber: true },
  { title: 'Provider calls', width: 14, isNumber: true },
] as const;

export function tableHead(): string {
  return [line(COLUMNS.map(({ title }) => title)), line(COLUMNS.map(({ width }) => '─'.repeat(width)))].join('\n');
}

/** A row, with a line for each Cache-Status that occurred. */
export function tableRow({ title, answers, ms, providerCalls }: Row): string {
  const [status = '', ...moreStatuses] = counted(answers.map((answer) => String(answer.status)));
  const [cacheStatus = '', ...more] = counted(answers.map((answer) => answer.cacheStatus));
  return [
    line([title, [status, ...moreStatuses].join(', '), cacheStatus, ms.toFixed(0), String(providerCalls)]),
    ...more.map((other) => line(['', '', other])),
  ].join('\n');
}

/** Each value with how often it occurs, the rarest first. */
function counted(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (values.length === 1) return [...counts.keys()];
  return [...counts].toSorted(([, a], [, b]) => a - b).map(([value, count]) => `${count} × ${value}`);
}

function line(cells: readonly string[]): string {
  const padded = COLUMNS.map(({ width, isNumber }, index) => {
    const cell = cells[index] ?? '';
    return isNumber ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

export function summary(
  rows: readonly Row[],
  { stats, removed, getSpans, fillSpans, requestsMeasured }: Figures,
): string {
  const { hits, coalesced, misses, hitRatio, saved } = stats;
  const ratio = hitRatio === null ? 'none' : `${(hitRatio * 100).toFixed(1)} %`;
  const tokens = `${grouped(saved.inputTokens)} input and ${grouped(saved.outputTokens)} output tokens`;
  return facts([
    ['First byte', FIRST_BYTES.map(([title, what]) => `of ${what} after ${firstByteMs(rows, title)} ms`).join(', ')],
    ['Requests', `${hits} from the cache, ${coalesced} coalesced, ${misses} missed; hit ratio ${ratio}`],
    ['Invalidated', `the collection "articles": ${Number.isNaN(removed) ? 'failed' : `${removed} entries`}`],
    ['Saved', `${saved.usd.toFixed(6)} USD, ${tokens}, ${saved.seconds.toFixed(1)} seconds of the provider's time`],
    [
      'OpenTelemetry',
      `${getSpans} cache.get and ${fillSpans} cache.fill spans, ${requestsMeasured} requests in ai_cache.request.duration`,
    ],
  ]);
}

/** The rows of streams, and what a sentence calls them. */
const FIRST_BYTES = [
  ['a stream', 'the stream'],
  ['joined a third through', 'the one that joined it'],
  ['the stream again', 'its repeat'],
] as const;

function firstByteMs(rows: readonly Row[], title: string): string {
  const row = rows.find((candidate) => candidate.title === title);
  const firstByteAt = row?.answers[0]?.firstByteAt;
  return row === undefined || firstByteAt === undefined ? '?' : (firstByteAt - row.sentAt).toFixed(0);
}

export function facts(lines: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n');
}

/** 12 345 */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
