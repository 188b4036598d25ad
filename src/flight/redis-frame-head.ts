/** The head of a live answer as JSON. What others can write to Redis is checked as an entry's head is: it goes on the wire. */
import type { HeaderField } from '../entry/entry.ts';
import type { LiveHead } from './live-stream.ts';

/** Fields that frame the message are the business of the connection they came on (RFC 9112 §6.3, §11.1). */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A token (RFC 9110 §5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What Node lets into a field value and a reason phrase: neither CR, LF nor NUL (RFC 9110 §5.5, RFC 9112 §4). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function headText({ status, statusMessage, headers }: LiveHead): string {
  return JSON.stringify({ status, statusMessage, headers });
}

/** The head, or undefined where any of it is not as an answer has it. Never throws. */
export function headFrom(text: string): LiveHead | undefined {
  const members = parsed(text);
  if (typeof members !== 'object' || members === null) return undefined;
  const { status, statusMessage, headers } = members as Record<string, unknown>;
  if (!isStatus(status) || !Array.isArray(headers) || !headers.every(isField)) return undefined;
  if (statusMessage === undefined) return { status, headers };
  return isValue(statusMessage) ? { status, statusMessage, headers } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A final status (RFC 9110 §15). */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
}

function isField(value: unknown): value is HeaderField {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, text] = value as unknown[];
  return typeof name === 'string' && NAME.test(name) && !FRAMING.has(name.toLowerCase()) && isValue(text);
}

function isValue(value: unknown): value is string {
  return typeof value === 'string' && VALUE.test(value);
}
