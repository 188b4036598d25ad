/** What may be wrong with a request, in words: which parameter or field, its value, and what to do. */
import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { AICacheError } from '../errors.ts';
import { Refusal, type Problem } from './answer.ts';

const LONGEST_NAME = 256;

/** Seconds: so often a lost Redis is tried again. */
const RETRY_AFTER = '2';

/** What an error that was thrown on the way is answered with. Errors that are not ours are not told. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof AICacheError) {
    const { code, message, option, status } = error;
    if (code.startsWith('REDIS_') || code === 'CLOSED') {
      return { status: 503, detail: message, headers: { 'Retry-After': RETRY_AFTER } };
    }
    // `selector`: what is wrong is that of all parameters together.
    const isOne = option !== undefined && option !== 'selector';
    if (status === 400) return { status, detail: message, ...(isOne ? { parameter: option } : {}) };
  }
  return { status: 500, detail: 'The cache failed. It does no harm to ask again.' };
}

export function methodNotAllowed(allow: string): Problem {
  return { status: 405, detail: `Allowed here: ${allow}.`, headers: { Allow: allow } };
}

export const notAllowed: Problem = { status: 403, detail: 'You may not see this.' };

export const mayNotChange: Problem = { status: 403, detail: 'You may not do this.' };

export const fromAnotherSite: Problem = {
  status: 403,
  detail:
    'This comes from a page of another site, by its Sec-Fetch-Site or Origin header. Behind a proxy the app\'s setting "trust proxy" says which host is its own.',
};

export const notFound: Problem = {
  status: 404,
  detail: 'There is nothing here. GET /openapi.json of this mount lists what there is.',
};

export function malformedQuery(name: string): Problem {
  return bad(name, 'is not percent-encoded UTF-8. Encode it, as encodeURIComponent() or curl --data-urlencode does.');
}

export function unknownParameter(name: string, known: readonly string[]): Problem {
  const help =
    known.length === 0
      ? 'There are none here.'
      : `Known here: ${known.join(', ')}. Did you mean "${nearestName(name.slice(0, LONGEST_NAME), known)}"?`;
  return {
    status: 400,
    detail: `There is no query parameter ${shownValue(name)}. ${help}`,
    parameter: name.slice(0, LONGEST_NAME),
  };
}

export function repeatedParameter(name: string): Problem {
  return bad(name, 'is given more than once. Give it once.');
}

export function lengthRefused(name: string, length: number, longest: number): Problem {
  return bad(name, `is ${length} characters long. Allowed: 1 to ${longest}.`);
}

export function valueRefused(name: string, value: string, allowed: readonly string[]): Problem {
  return bad(name, `is ${shownValue(value)}. Allowed: ${allowed.join(', ')}.`);
}

export function digestRefused(value: string): Problem {
  const allowed = 'the whole digest of a key: 64 to 128 hex digits in lower case, as the key in Redis has it';
  return bad('key', `is ${shownValue(value)}. Allowed: ${allowed}.`);
}

export function nothingSelected(known: readonly string[]): Problem {
  return {
    status: 400,
    detail: `The query selects nothing. Give at least one of ${known.join(', ')}; to remove everything there is DELETE /clear.`,
  };
}

export function confirmationMissing(namespace: string, given: string | undefined): Problem {
  const wrong = given === undefined ? 'is missing' : `is ${shownValue(given)}, which is another namespace`;
  return bad(
    'confirm',
    `${wrong}. To remove everything of this cache give confirm=${encodeURIComponent(namespace)}, its namespace.`,
  );
}

export const bodyRefused: Problem = {
  status: 400,
  detail: 'The request has a body, which says nothing here. Say all in the query and leave the body out.',
};

export const notJson: Problem = {
  status: 415,
  detail:
    'The Content-Type is not application/json in UTF-8. Send JSON, with the header Content-Type: application/json.',
  headers: { Accept: 'application/json' },
};

export const encodedBody: Problem = {
  status: 415,
  detail: 'The body has a Content-Encoding. Send it as it is.',
  headers: { 'Accept-Encoding': 'identity' },
};

export function bodyTooLarge(maxBytes: number): Problem {
  return { status: 413, detail: `The body is larger than ${maxBytes} bytes. Send less at a time.` };
}

export const bodyMissing: Problem = { status: 400, detail: 'The body is empty. Send a JSON object.' };

export const bodyCut: Problem = { status: 400, detail: 'The body ended too early.' };

export const bodyGone: Problem = {
  status: 500,
  detail: 'Something in front has read the body without leaving it in req.body. Mount this before it.',
};

/** What the parser says is not repeated: it quotes the body. */
export const malformedJson: Problem = { status: 400, detail: 'The body is no JSON in UTF-8. Send a JSON object.' };

/** `path`: where in the body, such as `items[3].request.text`. */
export function fieldRefused(path: string, wrong: string): Problem {
  const field = path === '' ? 'The body' : `The field "${path.slice(0, LONGEST_NAME)}" of the body`;
  const parameter = path === '' ? {} : { parameter: path.slice(0, LONGEST_NAME) };
  return { status: 400, detail: `${field} is wrong: ${wrong}.`, ...parameter };
}

export function collectionsRefused(maxCharacters: number, maxCollections: number): Problem {
  return {
    status: 400,
    detail: `The body names no collection. Send {"collection": "…"}, a name of 1 to ${maxCharacters} characters, or {"collections": ["…"]}, 1 to ${maxCollections} of them, not both.`,
    parameter: 'collection',
  };
}

export function secretRefused(header: string): Problem {
  return {
    status: 401,
    detail: `The header ${header} does not hold the secret. Send the one that collectionWebhook() was given.`,
    // A 401 has to name a scheme (RFC 9110 §15.5.2).
    headers: { 'WWW-Authenticate': `SharedSecret header="${header}"` },
  };
}

function bad(name: string, wrong: string): Problem {
  const parameter = name.slice(0, LONGEST_NAME);
  return { status: 400, detail: `The query parameter "${parameter}" ${wrong}`, parameter };
}
