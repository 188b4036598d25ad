/** Asks the app as its clients would, and notes what came back. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { SummarizeBody } from './app.ts';

/** What an answer has to be: made by the provider, one for all who asked at once, or from a tier. */
export type Expectation = 'made' | 'shared' | 'memory' | 'redis';

export interface Answer {
  readonly status: number;
  readonly cacheStatus: string;
  readonly body: string;
}

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly expected: Expectation;
  readonly answers: readonly Answer[];
  /** Until the last answer, milliseconds. */
  readonly ms: number;
  readonly providerCalls: number;
  /** The answer that this one repeats. */
  readonly repeats?: Answer;
}

export interface Drive {
  /** Of the app, and of a second instance where the two share a Redis. */
  readonly origin: string;
  readonly secondOrigin: string | undefined;
  readonly calls: () => number;
  /** Told of each row when its last answer is there. */
  readonly onRow: (row: Row) => void;
}

interface Ask {
  readonly body: SummarizeBody;
  readonly caller: string;
  /** Another instance answers; the client sees no difference, the host it names is that of the app. */
  readonly instance?: string;
}

const ARTICLE = `A cache keeps the answers to questions that are asked again. The first time somebody asks, the answer is
worked out, which takes time and money. It is written down beside the question. When the same question comes again, the
answer is read from the note instead. This only works while three things are true. The note has to say exactly which
question it belongs to, down to the last option, or one person gets another one's answer. It has to carry a date after which
nobody trusts it any more. And there has to be a limit to the number of notes, so that old ones make room for new ones.`;

const LETTER = `Dear neighbour, the lift in our house is being replaced in the second week of May. From Monday to Friday it
will stand still between eight in the morning and five in the afternoon. If you cannot take the stairs, please ring the
number below before the end of April, and somebody will carry your shopping up for you. We are sorry for the trouble.`;

const CROWD = 50;

export async function drive({ origin, secondOrigin, calls, onRow }: Drive): Promise<Row[]> {
  const rows: Row[] = [];
  const row = async (title: string, expected: Expectation, ask: Ask, times = 1, repeats?: Answer): Promise<Row> => {
    const callsBefore = calls();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: times }, () => post(origin, ask)));
    const measured = { ms: performance.now() - startedAt, providerCalls: calls() - callsBefore };
    const noted = { title, expected, answers, ...measured, ...(repeats === undefined ? {} : { repeats }) };
    rows.push(noted);
    onRow(noted);
    return noted;
  };

  const body: SummarizeBody = { text: ARTICLE, operation: 'summarize', options: { maxWords: 40 } };
  const question: Ask = { body, caller: 'Bearer alice' };
  const { answers } = await row('first ask', 'made', question);
  const [first] = answers;
  await row('the same again', 'memory', question, 1, first);
  await row(`${CROWD} at once, a new text`, 'shared', { ...question, body: { ...body, text: LETTER } }, CROWD);
  await row('a changed option', 'made', { ...question, body: { ...body, options: { maxWords: 20 } } });
  await row('another caller', 'made', { ...question, caller: 'Bearer bob' });
  if (secondOrigin !== undefined) {
    await row('the first, at another instance', 'redis', { ...question, instance: secondOrigin }, 1, first);
  }
  return rows;
}

/** `fetch` cannot name another host than the one it connects to. */
async function post(origin: string, { body, caller, instance = origin }: Ask): Promise<Answer> {
  const headers = { Host: new URL(origin).host, 'Content-Type': 'application/json', Authorization: caller };
  const asking = request(`${instance}/api/summarize`, { method: 'POST', headers }).end(JSON.stringify(body));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    cacheStatus: String(response.headers['cache-status'] ?? ''),
    body: await text(response),
  };
}
