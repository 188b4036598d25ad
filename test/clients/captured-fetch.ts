/** What a client asked and what it got, beside what it made of it. */
export interface Captured {
  /** As it went out. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly cacheStatus: string | null;
  /** Every byte of the answer, content coding undone. */
  readonly bytes: Promise<Buffer>;
}

export interface CapturingFetch {
  /** For the option `fetch` of a client. */
  readonly fetch: typeof fetch;
  /** Resolves when the first byte of the answer is there. */
  readonly firstByte: Promise<void>;
  /** Of the one request that was sent; throws where there was another number. */
  captured(): Captured;
}

/** The global `fetch`, which keeps a copy of what goes through it. */
export function capturingFetch(): CapturingFetch {
  const all: Captured[] = [];
  const first = Promise.withResolvers<void>();
  const capturing: typeof fetch = async (input, init) => {
    // As the clients call it: texts both.
    const { pathname } = new URL(input);
    const body = init?.body as string;
    const response = await fetch(input, init);
    const [forClient, copy] = response.body?.tee() ?? [null, null];
    all.push({
      path: pathname,
      headers: Object.fromEntries(new Headers(init?.headers)),
      body,
      cacheStatus: response.headers.get('cache-status'),
      bytes: read(copy, first.resolve),
    });
    const { status, statusText, headers } = response;
    return new Response(forClient, { status, statusText, headers });
  };
  const captured = (): Captured => {
    const [only, ...others] = all;
    if (only === undefined || others.length > 0) throw new Error(`The client sent ${all.length} requests.`);
    return only;
  };
  return { fetch: capturing, firstByte: first.promise, captured };
}

async function read(body: ReadableStream<Uint8Array> | null, onFirst: () => void): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    onFirst();
  }
  return Buffer.concat(chunks);
}
