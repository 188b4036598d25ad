/** Response directives of `Cache-Control` by lower-case name; a directive without an argument has the value '' (RFC 9111 §5.2). */
export type Directives = ReadonlyMap<string, string>;

const DIRECTIVE = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?/g;

/** Parses the joined value of all `Cache-Control` fields. Of a repeated directive the first counts (RFC 9111 §4.2.1). */
export function parseCacheControl(value: string): Directives {
  const directives = new Map<string, string>();
  for (const [, name = '', argument = ''] of value.matchAll(DIRECTIVE)) {
    const lowerCase = name.toLowerCase();
    if (!directives.has(lowerCase)) directives.set(lowerCase, unquoted(argument));
  }
  return directives;
}

/** Larger numbers of seconds are taken for this one (RFC 9111 §1.2.2). */
export const MAX_SECONDS = 2 ** 31;

/** delta-seconds of a directive, at most 2^31 (RFC 9111 §1.2.2); undefined where it is absent, 0 where it is no number. */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const argument = directives.get(name);
  if (argument === undefined) return undefined;
  return /^\d+$/.test(argument) ? Math.min(Number(argument), MAX_SECONDS) : 0;
}

function unquoted(argument: string): string {
  return argument.startsWith('"') ? argument.slice(1, -1).replaceAll(/\\(.)/g, '$1') : argument;
}
