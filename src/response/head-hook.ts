import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Takes back what a listener changed. */
export type Undo = () => void;

/**
 * Calls `listener` right before this response's head is written: status and headers are as the handler left them and may
 * still be changed. Called again only where Node refused the first head (an invalid reason phrase, say) and nothing was sent.
 * What the listener returns is called in that case. Returns a function that takes the hook away.
 *
 * Node writes an implicit head through `res.writeHead` as well, so one patch sees `end`, `write`, `flushHeaders` and pipes.
 */
export function beforeHead(res: ServerResponse, listener: () => Undo | undefined): () => void {
  const original = res.writeHead;
  let active = true;

  function writeHead(...args: unknown[]): ServerResponse {
    const head = active && !res.headersSent ? readArguments(args, res.getHeaderNames().length > 0) : undefined;
    // A head that Node refuses, an informational or a second one is Node's to judge.
    if (head === undefined) return Reflect.apply(original, res, args) as ServerResponse;
    for (const [name] of head.repeatable) res.removeHeader(name);
    for (const [name, value] of head.repeatable) res.appendHeader(name, value);
    for (const [name, value] of head.fields) res.setHeader(name, value);
    res.statusCode = head.status;
    if (head.message !== undefined) res.statusMessage = head.message;
    const undo = listener();
    // The listener has answered the client itself.
    if (res.headersSent) return res;
    try {
      return Reflect.apply(original, res, [res.statusCode]);
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  res.writeHead = writeHead;
  return () => {
    active = false;
    // Not deleted, see patch-method.ts.
    if (res.writeHead === (writeHead as typeof res.writeHead)) res.writeHead = original;
  };
}

interface HeadArguments {
  readonly status: number;
  readonly message: string | undefined;
  /** Given as an object: each replaces what was set before. */
  readonly fields: readonly (readonly [string, OutgoingHttpHeader])[];
  /** Given as an array: replaces what was set before, repeats among themselves. */
  readonly repeatable: readonly (readonly [string, string])[];
}

/** The arguments of `writeHead(status[, message][, headers])`, as Node reads them; undefined where it refuses them. */
function readArguments(args: readonly unknown[], hasHeaders: boolean): HeadArguments | undefined {
  const status = Number(args[0]) | 0;
  if (status < 200 || status > 999) return undefined;
  const message = typeof args[1] === 'string' ? args[1] : undefined;
  const headers = (message === undefined ? (args[1] ?? args[2]) : args[2]) as
    | OutgoingHttpHeaders
    | unknown[]
    | null
    | undefined;
  if (!Array.isArray(headers)) {
    const fields = Object.entries(headers ?? {}).filter(([name]) => name !== '') as [string, OutgoingHttpHeader][];
    return { status, message, fields, repeatable: [] };
  }
  if (Array.isArray(headers[0])) {
    // Node takes pairs only where no header was set before.
    return hasHeaders ? undefined : { status, message, fields: [], repeatable: headers as [string, string][] };
  }
  return headers.length % 2 === 0
    ? { status, message, fields: [], repeatable: pairsOf(headers as string[]) }
    : undefined;
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2)
    pairs.push([flat[index] as string, flat[index + 1] as string]);
  return pairs;
}
