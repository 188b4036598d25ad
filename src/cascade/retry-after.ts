/**
 * How long a failed answer asks to wait, milliseconds: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), or OpenAI's
 * `retry-after-ms`. Undefined where it does not say.
 */
export function retryAfterMs(headers: unknown, now: number = Date.now()): number | undefined {
  const precise = fieldIn(headers, 'retry-after-ms');
  if (precise !== undefined && /^\d+(\.\d+)?$/.test(precise)) return Number(precise);
  const text = fieldIn(headers, 'retry-after');
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** From a Headers object, or a record with names in any case. */
function fieldIn(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  const value: unknown =
    typeof get === 'function'
      ? (headers as Headers).get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first).trim() : undefined;
}
