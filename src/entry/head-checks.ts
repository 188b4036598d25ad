/** Checks of what stands in the head of an entry: each returns the value as what it is, or throws a TypeError. */
export type Members = Readonly<Record<string, unknown>>;

export function isTrue(value: unknown): true {
  must(value === true);
  return true;
}

export function must(condition: boolean): void {
  if (!condition) throw new TypeError('Not the head of an entry.');
}

export function objectIn(value: unknown): Members {
  must(typeof value === 'object' && value !== null && !Array.isArray(value));
  return value as Members;
}

export function text(value: unknown): string {
  must(typeof value === 'string');
  return value as string;
}

export function list<T>(value: unknown, item: (value: unknown) => T): T[] {
  must(Array.isArray(value));
  return (value as unknown[]).map((element) => item(element));
}

export function whole(value: unknown, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  must(Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most);
  return value as number;
}

/** Milliseconds since the epoch that a Date can hold (ECMA-262 §21.4.1.1). */
export function time(value: unknown): number {
  must(Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 8.64e15);
  return value as number;
}

export function amount(value: unknown): number {
  must(Number.isFinite(value) && (value as number) >= 0);
  return value as number;
}

export function oneOf<T extends string>(allowed: readonly T[], value: unknown): T {
  must(allowed.includes(value as T));
  return value as T;
}

export function optional<K extends string, T>(name: K, value: unknown, check: (value: unknown) => T): { [P in K]?: T } {
  return value === undefined ? {} : ({ [name]: check(value) } as { [P in K]?: T });
}
