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
