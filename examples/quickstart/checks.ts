/** Did everything come out as it should? */
import type { Answer, Expectation, Row } from './drive.ts';
import type { Figures } from './figures.ts';

/** A stream's head goes out before anybody knows whether it will be whole. */
const IS_STREAM = /^ai-cache; fwd=miss$/;
const IS_STORED = /^ai-cache; fwd=miss; stored$/;
const IS_COLLAPSED = /^ai-cache; fwd=miss; collapsed$/;
const IS_MEMORY_HIT = /^ai-cache; hit; ttl=\d+; detail=memory$/;
const IS_REDIS_HIT = /^ai-cache; hit; ttl=\d+; detail=redis$/;
const IS_HIT = /^ai-cache; hit;/;

/** What is wrong, a sentence each; none: all is well. */
export function faultsIn(rows: readonly Row[], figures: Figures, { isEmulated }: { isEmulated: boolean }): string[] {
  return [...rows.flatMap((row) => faultsInRow(row, isEmulated)), ...faultsInFigures(rows, figures, isEmulated)];
}

function faultsInRow({ title, expected, answers, providerCalls, repeats }: Row, isEmulated: boolean): string[] {
  const faults: string[] = [];
  const expect = (isSo: boolean, what: string): void => {
    if (!isSo) faults.push(`${title}: ${what}`);
  };
  expect(answers.length > 0, 'there is no answer');
  const failed = answers.find(({ status }) => status !== 200);
  expect(failed === undefined, `HTTP status ${failed?.status}, ${failed?.body}`);
  const said = [...new Set(answers.map(({ cacheStatus }) => cacheStatus || 'absent'))].join(' or ');
  expect(isAsExpected[expected](answers), `not ${MEANING[expected]}: Cache-Status is ${said}`);
  expect(
    answers.every(({ body }) => body === (repeats ?? answers[0])?.body),
    'the answers are not byte for byte the same',
  );
  if (expected === 'joined') {
    const isEarly = answers.every(({ firstByteAt }) => repeats !== undefined && firstByteAt < repeats.endedAt);
    expect(isEarly, 'nothing came before the stream had ended');
  }
  // The emulator is asked exactly once for an answer; the SDK may ask a real provider again when that is busy.
  const needed = MADE.has(expected) ? 1 : 0;
  const isCounted = isEmulated || needed === 0 ? providerCalls === needed : providerCalls >= needed;
  expect(isCounted, `provider calls: ${providerCalls}, not ${needed}`);
  return faults;
}

/** The provider is asked for these, once each. */
const MADE: ReadonlySet<Expectation> = new Set(['made', 'shared', 'streamed', 'remade']);

/** These belong to the collection that is invalidated. */
const OF_ARTICLES: ReadonlySet<Expectation> = new Set(['made', 'shared']);

const MEANING: Record<Expectation, string> = {
  made: 'made by the provider and stored',
  shared: 'one answer for all who asked at once',
  streamed: 'a stream of the provider',
  joined: 'a part in a stream of another request',
  memory: 'from the memory tier',
  redis: 'from Redis',
  remade: 'made anew by the provider',
};

const isAsExpected: Record<Expectation, (answers: readonly Answer[]) => boolean> = {
  made: (answers) => answers.every(({ cacheStatus }) => IS_STORED.test(cacheStatus)),
  remade: (answers) => answers.every(({ cacheStatus }) => IS_STORED.test(cacheStatus)),
  memory: (answers) => answers.every(({ cacheStatus }) => IS_MEMORY_HIT.test(cacheStatus)),
  redis: (answers) => answers.every(({ cacheStatus }) => IS_REDIS_HIT.test(cacheStatus)),
  streamed: (answers) => answers.every(({ cacheStatus }) => IS_STREAM.test(cacheStatus)),
  joined: (answers) => answers.every(({ cacheStatus }) => IS_COLLAPSED.test(cacheStatus)),
  // One asked the provider. The others waited for it, but for one so late that it found the answer stored.
  shared: (answers) =>
    answers.filter(({ cacheStatus }) => IS_STORED.test(cacheStatus)).length === 1 &&
    answers.filter(({ cacheStatus }) => IS_COLLAPSED.test(cacheStatus) || IS_HIT.test(cacheStatus)).length ===
      answers.length - 1,
};

function faultsInFigures(rows: readonly Row[], figures: Figures, isEmulated: boolean): string[] {
  const { stats, removed, getSpans, fillSpans, requestsMeasured } = figures;
  const sent = rows.reduce((sum, { answers }) => sum + answers.length, 0);
  const made = rows.filter(({ expected }) => MADE.has(expected)).length;
  // The second instance counts its own.
  const elsewhere = rows.filter(({ expected }) => expected === 'redis').length;
  const facts: readonly (readonly [what: string, is: number, shouldBe: number])[] = [
    ['misses', stats.misses, made],
    ['hits and coalesced requests', stats.hits + stats.coalesced, sent - made - elsewhere],
    ['entries invalidated', removed, rows.filter(({ expected }) => OF_ARTICLES.has(expected)).length],
    ['bypassed requests and errors', stats.bypassed + stats.errors, 0],
    ['cache.get spans', getSpans, sent],
    ['cache.fill spans', fillSpans, made],
    ['requests in ai_cache_request_duration', requestsMeasured, sent],
  ];
  const faults = facts.filter(([, is, shouldBe]) => is !== shouldBe);
  const { seconds, usd, inputTokens, unknown } = stats.saved;
  const isSaved = seconds > 0 && (!isEmulated || (usd > 0 && inputTokens > 0 && unknown === 0));
  return [
    ...faults.map(([what, is, shouldBe]) => `${what}: ${is}, not ${shouldBe}`),
    ...(isSaved ? [] : ['nothing was saved']),
  ];
}
