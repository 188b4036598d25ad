import type { Answer } from '../support/ask.ts';

/** The head's lines and the body's bytes of an answer as it came over the wire. */
export interface Wire {
  readonly head: readonly string[];
  readonly body: string;
}

/** Without what differs between two answers of one app: our own Cache-Status and the time. */
export function wireOf(bytes: Buffer): Wire {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, end).toString('latin1').split('\r\n');
  return {
    head: head.filter((line) => !/^(cache-status: ai-cache|date:)/i.test(line)),
    body: bytes.subarray(end + 4).toString('latin1'),
  };
}

/** What one connection or one moment decides. */
const OF_THE_MOMENT = new Set([
  'cache-status',
  'age',
  'date',
  'transfer-encoding',
  'content-length',
  'connection',
  'keep-alive',
]);

/** A stored answer without an ETag of the handler's has one of ours. */
const OWN_ETAG = /^"[\w-]{27}(?:-br)?"$/;

/** What a repeat must have in common with the first answer. */
export function repeatable({ status, statusMessage, rawHeaders, body }: Answer): unknown {
  const fields: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const isOurs = name.toLowerCase() === 'etag' && OWN_ETAG.test(value);
    if (!isOurs && !OF_THE_MOMENT.has(name.toLowerCase())) fields.push(`${name}: ${value}`);
  }
  return { status, statusMessage, fields, body: body.toString('latin1') };
}
