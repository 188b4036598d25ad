/** The inputs of one request that nobody has embedded yet, gathered into one call to the provider. */

/** What the provider said instead of embeddings. */
export class ProviderAnswer extends Error {
  override readonly name = 'ProviderAnswer';
  /** By this the cascade tells a failure from a no. */
  readonly status: number;
  readonly #answer: Response;
  readonly #body: Buffer<ArrayBuffer>;

  constructor(answer: Response, body: Buffer<ArrayBuffer>) {
    super(`The provider answered with the status ${answer.status} and no embeddings.`);
    this.status = answer.status;
    this.#answer = answer;
    this.#body = body;
  }

  /** As it came, for each client that waits for it. */
  answer(): Response {
    // Some statuses may have no body (Fetch §2.2.3), not even an empty one.
    return new Response(this.#body.length === 0 ? null : this.#body, this.#answer);
  }
}

/** The answer to a request for embeddings, as OpenAI and Mistral have it. Other members stay as they are. */
export interface Embeddings {
  readonly data: readonly { readonly index: number }[];
  readonly usage?: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly input: string;
  readonly signal: AbortSignal;
  resolve(embedding: Embeddings): void;
  reject(error: unknown): void;
}

/** Asks the provider for all of these, in order. */
type AskProvider = (inputs: readonly string[], signal: AbortSignal) => Promise<Response>;

export class GatheredInputs {
  readonly #askProvider: AskProvider;
  #waiting: Waiting[] = [];
  /** What the provider really counted for this request, by the names it has for it. */
  readonly usage: Record<string, number> = {};
  /** Of the provider's last answer. */
  headers = new Headers();

  constructor(askProvider: AskProvider) {
    this.#askProvider = askProvider;
  }

  /** Resolves to the answer there would be to this input alone. Rejects with ProviderAnswer, or with what `fetch` rejects with. */
  embed(input: string, signal: AbortSignal): Promise<Embeddings> {
    const { promise, resolve, reject } = Promise.withResolvers<Embeddings>();
    // All that ask in this turn of the event loop go together.
    if (this.#waiting.length === 0) setImmediate(() => void this.#ask());
    this.#waiting.push({ input, signal, resolve, reject });
    return promise;
  }

  async #ask(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const inputs = waiting.map(({ input }) => input);
      const signals = waiting.map(({ signal }) => signal);
      const answer = await this.#askProvider(inputs, whenAllAborted(signals));
      const all = await embeddingsIn(answer, inputs.length);
      this.headers = answer.headers;
      this.#count(all.usage);
      const length = inputs.join('').length;
      for (const [index, { input, resolve }] of waiting.entries()) resolve(oneOf(all, index, input.length / length));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #count(usage: Embeddings['usage']): void {
    for (const [name, count] of Object.entries(usage ?? {})) {
      if (typeof count === 'number') this.usage[name] = (this.usage[name] ?? 0) + count;
    }
  }
}

async function embeddingsIn(answer: Response, expected: number): Promise<Embeddings> {
  const body = Buffer.from(await answer.arrayBuffer());
  const embeddings = answer.status === 200 ? parsed(body) : undefined;
  if (!Array.isArray(embeddings?.data) || embeddings.data.length !== expected) throw new ProviderAnswer(answer, body);
  return embeddings;
}

function parsed(body: Buffer): (Partial<Embeddings> & Embeddings) | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Embeddings;
  } catch {
    return undefined;
  }
}

/** `share`: the provider counts all inputs together; what a later hit saves of that goes by the length of each. */
function oneOf({ data, usage, ...others }: Embeddings, place: number, share: number): Embeddings {
  const embedding = data.find(({ index }) => index === place) ?? data[place];
  const counts = Object.entries(usage ?? {}).map(([name, count]) => [
    name,
    typeof count === 'number' ? Math.round(count * share) : count,
  ]);
  return {
    ...others,
    data: [{ ...embedding, index: 0 }],
    usage: Object.fromEntries(counts) as Record<string, unknown>,
  };
}

/** Aborts when the last of those who wait has gone. */
function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const gone = new AbortController();
  const check = (): void => {
    if (signals.every(({ aborted }) => aborted)) gone.abort();
  };
  for (const signal of signals) signal.addEventListener('abort', check, { once: true });
  check();
  return gone.signal;
}
