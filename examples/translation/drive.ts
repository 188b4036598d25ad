/** What the example asks its app over HTTP, and what should come of it. */
import type { Instance } from './instance.ts';

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly status: number;
  /** What the answer says, or an error. */
  readonly outcome: string;
  /** Of openai, anthropic, mistral and deepseek, e.g. `1 · · ·`. */
  readonly calls: string;
  /** What it is not as it should be in; absent: it is. */
  readonly fault?: string;
}

interface Step {
  readonly title: string;
  readonly before?: (instance: Instance) => void;
  readonly path: string;
  readonly body: unknown;
  /** The row without its title and fault, in one text. */
  readonly expected: string;
}

const article = { text: 'Hello, {name}!', from: 'en', to: 'fr', collection: 'articles' };
const mail = { text: 'See you tomorrow.', from: 'en', to: 'fr', collection: 'mails' };

const failing =
  (...names: readonly (keyof Instance['emulators'])[]) =>
  ({ emulators }: Instance): void => {
    for (const [name, emulator] of Object.entries(emulators)) {
      emulator.fail(names.includes(name as keyof Instance['emulators']) ? 503 : undefined);
    }
  };

const STEPS: readonly Step[] = [
  {
    title: 'a text',
    path: '/api/translate',
    body: article,
    expected: '200 [fr] Hello, {name}! · openai | 1 · · ·',
  },
  {
    title: 'the same again',
    path: '/api/translate',
    body: article,
    expected: '200 [fr] Hello, {name}! · openai, cached | · · · ·',
  },
  {
    title: 'another language',
    path: '/api/translate',
    body: { ...article, to: 'de' },
    expected: '200 [de] Hello, {name}! · openai | 1 · · ·',
  },
  {
    title: 'a batch: 2 stored, 2 new, 1 twice, 1 bad',
    path: '/api/translate/batch',
    body: { items: [article, { ...article, to: 'de' }, mail, { ...mail, to: 'de' }, mail, { ...mail, text: '' }] },
    expected: '200 openai, cached; openai, cached; openai; openai; openai, coalesced; INVALID | 2 · · ·',
  },
  {
    title: 'a new text while openai fails',
    before: failing('openai'),
    path: '/api/translate',
    body: { ...article, text: 'Good night' },
    expected: '200 [fr] Good night · anthropic, fallback | 2 1 · ·',
  },
  {
    title: 'the same again',
    path: '/api/translate',
    body: { ...article, text: 'Good night' },
    expected: '200 [fr] Good night · anthropic, fallback, cached | · · · ·',
  },
  {
    title: 'a new text while all fail',
    before: failing('openai', 'anthropic', 'mistral', 'deepseek'),
    path: '/api/translate',
    body: { ...article, text: 'Nobody is there' },
    expected:
      '502 No provider answered: openai gpt-4o-mini: HTTP 503 (2 attempts); anthropic claude-sonnet-4-6: HTTP 503 (2 attempts); mistral mistral-small-latest: HTTP 503 (2 attempts); deepseek deepseek-chat: HTTP 503 (2 attempts). | 2 2 2 2',
  },
  {
    title: 'a new text when all are well',
    before: failing(),
    path: '/api/translate',
    body: { ...article, text: 'Somebody is there' },
    expected: '200 [fr] Somebody is there · openai | 1 · · ·',
  },
  {
    title: 'the webhook: articles have changed',
    path: '/webhooks/content',
    body: { event: 'items.update', collection: 'articles', keys: ['1'] },
    expected: '200 4 removed | · · · ·',
  },
  {
    title: 'an article again',
    path: '/api/translate',
    body: article,
    expected: '200 [fr] Hello, {name}! · openai | 1 · · ·',
  },
  {
    title: 'a mail again',
    path: '/api/translate',
    body: mail,
    expected: '200 [fr] See you tomorrow. · openai, cached | · · · ·',
  },
];

/** Takes the steps one after the other. */
export async function drive(instance: Instance, onRow: (row: Row) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const step of STEPS) {
    // oxlint-disable-next-line no-await-in-loop -- each step follows from those before
    const row = await take(step, instance);
    onRow(row);
    rows.push(row);
  }
  return rows;
}

async function take({ title, before, path, body, expected }: Step, instance: Instance): Promise<Row> {
  before?.(instance);
  const callsBefore = callsOf(instance);
  const answer = await fetch(instance.origin + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'x-webhook-secret': instance.webhookSecret },
    body: JSON.stringify(body),
  });
  const outcome = shownAnswer(await answer.json());
  const calls = callsOf(instance)
    .map((count, place) => count - (callsBefore[place] ?? 0))
    .map((count) => (count === 0 ? '·' : String(count)))
    .join(' ');
  const is = `${answer.status} ${outcome} | ${calls}`;
  const fault = is === expected ? {} : { fault: `${title}: ${is}, not ${expected}` };
  return { title, status: answer.status, outcome, calls, ...fault };
}

function callsOf({ emulators }: Instance): number[] {
  const { openai, anthropic, mistral, deepseek } = emulators;
  return [openai, anthropic, mistral, deepseek].map((emulator) => emulator.calls());
}

interface Answer {
  readonly text?: string;
  readonly provider?: string;
  readonly cached?: boolean;
  readonly fallback?: boolean;
  readonly coalesced?: boolean;
  readonly items?: readonly Answer[];
  readonly removed?: number;
  readonly error?: string;
}

function shownAnswer(answer: unknown): string {
  const { text, items, removed, error } = answer as Answer;
  if (error !== undefined) return error.replace(/(\.) Nothing was stored.*$/, '$1');
  if (removed !== undefined) return `${removed} removed`;
  return items === undefined ? `${text} · ${shownSource(answer as Answer)}` : items.map(shownSource).join('; ');
}

function shownSource({ provider, fallback, cached, coalesced }: Answer): string {
  if (provider === undefined) return 'INVALID';
  const marks = [fallback === true && 'fallback', cached === true && 'cached', coalesced === true && 'coalesced'];
  return [provider, ...marks.filter((mark) => mark !== false)].join(', ');
}
