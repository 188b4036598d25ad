import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HeaderField } from './entry.ts';

/**
 * The fields of an object of headers as programs write them: a text for each name, or a list of texts.
 *
 * @param invalid Makes the error to throw: given what is at fault, `headers` or `headers.<name>`, and what it should be.
 */
export function givenFields(headers: unknown, invalid: (field: string, expected: string) => Error): HeaderField[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalid('headers', 'an object of header fields');
  }
  return Object.entries(headers).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).map((one: unknown): HeaderField => {
      if (typeof one !== 'string' || !isValidField(name, one)) throw invalid(`headers.${name}`, 'a valid header field');
      return [name, one];
    }),
  );
}

function isValidField(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
