/** The head of a live answer as JSON. What others can write to Redis is checked as an entry's head is: it goes on the wire. */
import { isFieldValue, isOuterChanges, isReplayableField } from '../entry/header-fields.ts';
import type { LiveHead } from './live-stream.ts';

export function headText({ status, statusMessage, headers, outerChanges, contentLength }: LiveHead): string {
  return JSON.stringify({ status, statusMessage, headers, outerChanges, contentLength });
}

/** The head, or undefined where any of it is not as an answer has it. Never throws. */
export function headFrom(text: string): LiveHead | undefined {
  const members = parsed(text);
  if (typeof members !== 'object' || members === null) return undefined;
  const { status, statusMessage, headers, outerChanges, contentLength } = members as Record<string, unknown>;
  if (!isStatus(status) || !Array.isArray(headers) || !headers.every(isReplayableField)) return undefined;
  if (statusMessage !== undefined && !isFieldValue(statusMessage)) return undefined;
  if (outerChanges !== undefined && !isOuterChanges(outerChanges)) return undefined;
  if (contentLength !== undefined && !isLength(contentLength)) return undefined;
  return {
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    headers,
    ...(outerChanges === undefined ? {} : { outerChanges }),
    ...(contentLength === undefined ? {} : { contentLength }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A final status (RFC 9110 §15). */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599;
}
