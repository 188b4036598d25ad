import type { Coding } from '../entry/entry.ts';
import { fieldOf, isNamed, type HeaderFields } from '../entry/header-fields.ts';

/** Fields of one connection or one moment, which must not be replayed (RFC 9110 §7.6.1, RFC 9111 §3.1), and those that follow from body and coding. */
const NOT_STORED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
  'age',
  'content-length',
  'content-encoding',
]);

/** The handler's headers as an entry keeps them, with the time they were sent at (RFC 9110 §6.6.1), milliseconds since the epoch. */
export function storedHeaders(headers: HeaderFields, sentAt: number): HeaderFields {
  const named = fieldOf(headers, 'connection')
    ?.split(',')
    .map((name) => name.trim().toLowerCase());
  const isKept = (lowerCaseName: string): boolean =>
    !NOT_STORED.has(lowerCaseName) && named?.includes(lowerCaseName) !== true;
  const kept = headers.filter(([name]) => isKept(name.toLowerCase()));
  return kept.some(([name]) => isNamed(name, 'date')) ? kept : [...kept, ['Date', new Date(sentAt).toUTCString()]];
}

/** The length that the handler announced; undefined where it announced none, or nonsense. */
export function lengthOf(headers: HeaderFields): number | undefined {
  const length = fieldOf(headers, 'content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** The coding the handler sent its body in. */
export function codingOf(headers: HeaderFields): Coding {
  return (fieldOf(headers, 'content-encoding') ?? 'identity').toLowerCase() as Coding;
}
