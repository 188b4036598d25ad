/** What may be told of an error of ioredis: it can carry keys, values and the arguments of AUTH, so only its code goes on. */

/** Redis answered, with an error: it lives, and this one command failed. */
export function isErrorReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** ioredis' own `commandTimeout` ran out; it has no other mark. */
export function isCommandTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

/** ioredis 5 and 6 mark the commands of a lost connection by these texts alone. */
const GONE =
  /^(?:Connection is closed|Stream isn't writeable|Cluster isn't ready|Cluster is ended|None of startup nodes|Command aborted due to connection close|Reached the max retries)/;

/** The command failed because its connection has gone. */
export function isConnectionGone(error: unknown): boolean {
  return error instanceof Error && (GONE.test(error.message) || 'syscall' in error);
}

/** One word for a failure, such as `ECONNREFUSED`, `WRONGPASS` or `OOM`; never holds data. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, lastNodeError } = error as { code?: unknown; lastNodeError?: unknown };
  if (lastNodeError instanceof Error) return reasonOf(lastNodeError);
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) return code;
  if (isErrorReply(error)) return /^[A-Z]+(?= |$)/.exec(error.message)?.[0] ?? 'ERR';
  return isCommandTimeout(error) ? 'ETIMEDOUT' : error.name;
}
