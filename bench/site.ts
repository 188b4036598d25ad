/** What every contender of a scenario is asked and has to answer: the same for the parent that asks and the child that answers. */
import { prose } from './prose.ts';

export interface Site {
  readonly method: 'GET' | 'POST';
  readonly promptBytes: number;
  readonly answerBytes: number;
  readonly form: 'json' | 'stream';
  /** Entries live here alone, the memory tier is off: the path of a Redis socket. */
  readonly redis?: string;
  /** One fill for all processes that share the Redis, where a contender knows how. */
  readonly processes?: number;
  /** Bound of the memory tier, entries. Default: more than the scenario makes. */
  readonly maxEntries?: number;
  /** How long the handler takes, milliseconds. Default: it answers at once. */
  readonly handlerMs?: number;
  /** What the client can decode. Default: it does not say. */
  readonly acceptEncoding?: string;
}

/** One request; `{n}` in its path or body stands for a number yet to come. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly no: number;
  readonly summary: string;
}

export const PLACEHOLDER = '{n}';
export const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  stream: 'text/event-stream',
} as const;

/** So many different answers; prompts with equal numbers beyond that share one. */
const ANSWERS = 1_009;
const CHUNKS = 200;
/** Of ` no=` and a number, about. */
const NUMBER_LENGTH = 10;

/** The prompt of this number. */
export function ask(site: Site, n: number | typeof PLACEHOLDER): Asked {
  const accept = site.acceptEncoding === undefined ? {} : { 'Accept-Encoding': site.acceptEncoding };
  // Of all processes the same, as behind a load balancer.
  const common = { Host: 'bench.example', ...accept };
  if (site.method === 'GET') return { method: 'GET', path: `/ask?no=${n}`, headers: common };
  const around = { text: '', operation: 'summarize', options: { words: 40 } };
  // Whatever the number is, the text in front of it is the same.
  const text = `${prose(site.promptBytes - JSON.stringify(around).length - NUMBER_LENGTH, 1)} no=${n}`;
  const headers = { ...common, 'Content-Type': 'application/json' };
  return { method: 'POST', path: '/ask', headers, body: JSON.stringify({ ...around, text }) };
}

/** The number at the end of a prompt or a query. */
export function numberIn(text: string): number {
  return Number(text.slice(text.lastIndexOf('=') + 1));
}

/** The answers of a site, each made once: what is measured is not how they are made. */
export class Answers {
  readonly #site: Site;
  readonly #objects = new Map<number, Answer>();
  readonly #buffers = new Map<number, Buffer>();
  readonly #chunks = new Map<number, readonly string[]>();

  constructor(site: Site) {
    this.#site = site;
  }

  object(n: number): Answer {
    return remembered(this.#objects, n % ANSWERS, (no) => {
      const frame = JSON.stringify({ no, summary: '' }).length;
      return { no, summary: prose(this.#site.answerBytes - frame, 1_000 + no) };
    });
  }

  /** The bytes of a whole answer, be it JSON or a stream. */
  buffer(n: number): Buffer {
    return remembered(this.#buffers, n % ANSWERS, (no) =>
      Buffer.from(this.#site.form === 'stream' ? this.chunks(no).join('') : JSON.stringify(this.object(no))),
    );
  }

  /** As long as completion chunks of OpenAI's, with the mark of a whole stream. */
  chunks(n: number): readonly string[] {
    return remembered(this.#chunks, n % ANSWERS, (no) => {
      const words = prose(CHUNKS * 8, 1_000 + no).split(' ');
      const events = words.slice(0, CHUNKS - 1).map((word) => chunkOf(no, word));
      return [...events, 'data: [DONE]\n\n'];
    });
  }
}

function chunkOf(no: number, word: string): string {
  const delta = { index: 0, delta: { content: `${word} ` }, finish_reason: null };
  const head = { id: `chatcmpl-${no}`, object: 'chat.completion.chunk', created: 1_790_000_000, model: 'gpt-4o-mini' };
  return `data: ${JSON.stringify({ ...head, choices: [delta] })}\n\n`;
}

function remembered<T>(known: Map<number, T>, no: number, make: (no: number) => T): T {
  const before = known.get(no);
  if (before !== undefined) return before;
  const made = make(no);
  known.set(no, made);
  return made;
}
