import type { HeaderField } from './entry.ts';

export type HeaderFields = readonly HeaderField[];

/** All values of a field, joined (RFC 9110 §5.3); undefined where there is none. */
export function fieldOf(headers: HeaderFields, lowerCaseName: string): string | undefined {
  const values = headers.filter(([name]) => name.toLowerCase() === lowerCaseName).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}
