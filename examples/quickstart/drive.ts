/** Asks the app as its clients would, and notes what came back. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { ChatBody, SummarizeBody } from './app.ts';

/**
 * What an answer has to be: made by the provider, one for all who asked at once, a stream, one that was joined, from a tier, or made
 * anew since it was invalidated.
 */
export type Expectation = 'made' | 'shared' | 'streamed' | 'joined' | 'memory' | 'redis' | 'remade';

export interface Answer {
  readonly status: number;
  readonly cacheStatus: string;
  readonly body: string;
  /** When its first and its last byte were there, milliseconds of `performance.now()`. */
  readonly firstByteAt: number;
  readonly endedAt: number;
}

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly expected: Expectation;
  readonly answers: readonly Answer[];
  /** When it was sent, milliseconds of `performance.now()`, and how long until the last answer. */
  readonly sentAt: number;
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
  /** Removes what was made of articles, from all instances; resolves to how many entries that were. */
  readonly invalidateArticles: () => Promise<number>;
  /** Told of each row when its last answer is there. */
  readonly onRow: (row: Row) => void;
}

interface Ask {
  readonly path: string;
  readonly body: SummarizeBody | ChatBody;
  readonly caller: string;
  /** Another instance answers; the client sees no difference, the host it names is that of the app. */
  readonly instance?: string;
  /** Told of all that has come, whenever more of it comes. */
  readonly onBody?: (body: string) => void;
}

type Asked = (title: string, expected: Expectation, ask: Ask, times?: number) => Promise<Row>;

const ARTICLE = `A cache keeps the answers to questions that are asked again. The first time somebody asks, the answer is
worked out, which takes time and money. It is written down beside the question. When the same question comes again, the
answer is read from the note instead. This only works while three things are true. The note has to say exactly which
question it belongs to, down to the last option, or one person gets another one's answer. It has to carry a date after which
nobody trusts it any more. And there has to be a limit to the number of notes, so that old ones make room for new ones.`;

const LETTER = `Dear neighbour, the lift in our house is being replaced in the second week of May. From Monday to Friday it
will stand still between eight in the morning and five in the afternoon. If you cannot take the stairs, please ring the
number below before the end of April, and somebody will carry your shopping up for you. We are sorry for the trouble.`;

const CROWD = 50;

const COUNTING = 'Count from 1 to 60.';
const A_THIRD = /\b20\b/;

export interface Driven {
  readonly rows: readonly Row[];
  /** Entries of the collection that was invalidated; NaN where that failed. */
  readonly removed: number;
}

export async function drive({ origin, secondOrigin, calls, invalidateArticles, onRow }: Drive): Promise<Driven> {
  const rows: Row[] = [];
  const note = (row: Row): Row => {
    rows.push(row);
    onRow(row);
    return row;
  };
  const asked: Asked = async (title, expected, ask, times = 1) => {
    const callsBefore = calls();
    const sentAt = performance.now();
    const answers = await Promise.all(Array.from({ length: times }, () => post(origin, ask)));
    return { title, expected, answers, sentAt, ms: performance.now() - sentAt, providerCalls: calls() - callsBefore };
  };

  const body: SummarizeBody = { text: ARTICLE, operation: 'summarize', options: { maxWords: 40 } };
  const question: Ask = { path: '/api/summarize', body, caller: 'Bearer alice' };
  const first = note(await asked('first ask', 'made', question));
  note(repeating(first, await asked('the same again', 'memory', question)));
  note(await asked(`${CROWD} at once, a new text`, 'shared', { ...question, body: { ...body, text: LETTER } }, CROWD));
  note(await asked('a changed option', 'made', { ...question, body: { ...body, options: { maxWords: 20 } } }));
  note(await asked('another caller', 'made', { ...question, caller: 'Bearer bob' }));

  const chat: Ask = { path: '/api/chat', body: { message: COUNTING }, caller: 'Bearer alice' };
  const { stream, joined } = await joinedStream(asked, chat);
  note(stream);
  note(repeating(stream, joined));
  note(repeating(stream, await asked('the stream again', 'memory', chat)));

  if (secondOrigin !== undefined) {
    const elsewhere = { ...question, instance: secondOrigin };
    note(repeating(first, await asked('the first, at another instance', 'redis', elsewhere)));
  }

  const removed = await invalidateArticles().catch(() => Number.NaN);
  note(await asked('the first, invalidated', 'remade', question));
  return { rows, removed };
}

/** A second client asks when the first one has read a third. */
async function joinedStream(asked: Asked, chat: Ask): Promise<{ stream: Row; joined: Row }> {
  const join = (): Promise<Row> => asked('joined a third through', 'joined', chat);
  let joining: Promise<Row> | undefined;
  const onBody = (events: string): void => {
    if (A_THIRD.test(textOf(events))) joining ??= join();
  };
  const stream = await asked('a stream', 'streamed', { ...chat, onBody });
  return { stream, joined: await (joining ?? join()) };
}

/** The row has to have the same bytes as this earlier one. */
function repeating({ answers: [repeats] }: Row, row: Row): Row {
  return repeats === undefined ? row : { ...row, repeats };
}

/** The words that a stream of completion chunks has brought so far. */
function textOf(events: string): string {
  const chunks = [...events.matchAll(/^data: (\{.*\})$/gm)].map(([, data = '']) => JSON.parse(data) as Chunk);
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[];
}

/** `fetch` cannot name another host than the one it connects to. */
async function post(origin: string, { path, body, caller, instance = origin, onBody }: Ask): Promise<Answer> {
  const headers = { Host: new URL(origin).host, 'Content-Type': 'application/json', Authorization: caller };
  const asking = request(`${instance}${path}`, { method: 'POST', headers }).end(JSON.stringify(body));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let text = '';
  let firstByteAt: number | undefined;
  for await (const piece of response.setEncoding('utf8')) {
    firstByteAt ??= performance.now();
    text += piece as string;
    onBody?.(text);
  }
  const endedAt = performance.now();
  const cacheStatus = String(response.headers['cache-status'] ?? '');
  return { status: response.statusCode ?? 0, cacheStatus, body: text, firstByteAt: firstByteAt ?? endedAt, endedAt };
}
