/** Asks everything once, again, and many times at once; says what came of it, and whether that is as it should be. */
import { isDeepStrictEqual } from 'node:util';
import type { Ask } from './asks.ts';

const CROWD = 5;

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly firstMs: number;
  readonly againMs: number;
  /** Of the provider: for the first, for the same again, for the crowd. Absent where it is not emulated and nobody counts. */
  readonly calls?: readonly [first: number, again: number, crowd: number];
  /** All clients made the same of what they got. */
  readonly isSame: boolean;
}

/** @param calls How often the emulator was asked so far; undefined where the provider is a real one. */
export async function demonstrate({ title, call }: Ask, calls: (() => number) | undefined): Promise<Row> {
  const counts: number[] = [];
  const timed = async <T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> => {
    const [callsBefore, startedAt] = [calls?.() ?? 0, performance.now()];
    const result = await work();
    counts.push((calls?.() ?? 0) - callsBefore);
    return { result, ms: performance.now() - startedAt };
  };
  const first = await timed(() => call('What does a gateway do?'));
  const again = await timed(() => call('What does a gateway do?'));
  const crowd = await timed(() => Promise.all(Array.from({ length: CROWD }, () => call('And if many ask at once?'))));
  const isSame =
    isDeepStrictEqual(again.result, first.result) &&
    crowd.result.every((one) => isDeepStrictEqual(one, crowd.result[0]));
  const [forFirst = 0, forAgain = 0, forCrowd = 0] = counts;
  return {
    title,
    firstMs: first.ms,
    againMs: again.ms,
    isSame,
    ...(calls === undefined ? {} : { calls: [forFirst, forAgain, forCrowd] }),
  };
}

/** What is wrong, a sentence each; none: all is well. */
export function faultsIn({ title, calls, isSame }: Row): string[] {
  return [
    ...(isSame ? [] : [`${title}: a repeat or one of ${CROWD} at once reads another answer`]),
    ...(calls === undefined || String(calls) === '1,0,1'
      ? []
      : [`${title}: provider calls ${calls.join(', ')}, not 1, 0, 1`]),
  ];
}

const WIDTHS = [36, 8, 8, 30] as const;

export function tableHead(): string {
  const titles = line('Client', 'first ms', 'again ms', 'provider calls 1st/again/5 at once');
  return `${titles}\n${'─'.repeat(titles.length)}`;
}

export function tableRow({ title, firstMs, againMs, calls }: Row): string {
  return line(title, firstMs.toFixed(0), againMs.toFixed(1), calls?.join(' / ') ?? 'not counted');
}

function line(title: string, first: string, again: string, calls: string): string {
  return [title.padEnd(WIDTHS[0]), first.padStart(WIDTHS[1]), again.padStart(WIDTHS[2]), calls].join('  ');
}
