/** An answer as far as it has come over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name; repeated fields are joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** The HTTP chunks of the body (RFC 9112 §7.1); one for a body that is not chunked. */
  readonly chunks: readonly Buffer[];
  readonly body: Buffer;
  readonly text: string;
  /** `whole`: it ended as its framing says; `cut`: its connection ended before; a body without framing is `whole` then. */
  readonly end: 'open' | 'whole' | 'cut';
  readonly cacheStatus: string | undefined;
  /** Head and body as they came. */
  readonly raw: Buffer;
}

interface Part {
  readonly chunks: readonly Buffer[];
  readonly end: WireAnswer['end'];
  /** Where the next answer begins. */
  readonly next: number;
}

/** The answers in what a connection has sent. A head that is not whole yet is none. */
export function wireAnswers(bytes: Buffer, isClosed: boolean): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let start = 0; start < bytes.length;) {
    const headEnd = bytes.indexOf('\r\n\r\n', start);
    if (headEnd === -1) break;
    const [statusLine = '', ...lines] = bytes.toString('latin1', start, headEnd).split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const headers = fieldsOf(lines);
    const { chunks, end, next } = bodyOf(bytes, headEnd + 4, { status, headers, isClosed });
    const body = Buffer.concat(chunks);
    const cacheStatus = headers['cache-status'];
    const raw = bytes.subarray(start, end === 'whole' ? next : undefined);
    answers.push({ status, headers, chunks, body, text: body.toString('utf8'), end, cacheStatus, raw });
    if (end !== 'whole') break;
    start = next;
  }
  return answers;
}

function fieldsOf(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  return fields;
}

interface Framing {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly isClosed: boolean;
}

function bodyOf(bytes: Buffer, start: number, { status, headers, isClosed }: Framing): Part {
  const broken = isClosed ? 'cut' : 'open';
  if (status < 200 || status === 204 || status === 304) return { chunks: [], end: 'whole', next: start };
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(bytes, start, broken);
  const length = headers['content-length'];
  if (length === undefined) {
    return { chunks: [bytes.subarray(start)], end: isClosed ? 'whole' : 'open', next: bytes.length };
  }
  const end = start + Number(length);
  return { chunks: [bytes.subarray(start, end)], end: bytes.length >= end ? 'whole' : broken, next: end };
}

function chunkedBody(bytes: Buffer, start: number, broken: 'cut' | 'open'): Part {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { chunks, end: broken, next: at };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    // What is no size breaks the body off, too.
    if (Number.isNaN(size)) return { chunks, end: broken, next: at };
    if (end + 2 > bytes.length) {
      // What has come of a chunk has reached the client, too.
      if (bytes.length > lineEnd + 2) chunks.push(bytes.subarray(lineEnd + 2, end));
      return { chunks, end: broken, next: at };
    }
    if (size === 0) return { chunks, end: 'whole', next: end + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
