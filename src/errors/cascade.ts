/** What is wrong where providers are asked one after the other, and with translations. */
import { AICacheError } from './ai-cache-error.ts';

/**
 * Why a provider gave no answer. `status`: an HTTP status that is no success; `no-response`: it threw something without a status, such
 * as a network error; `timeout`: its time was over; `bad-answer`: an error or a cut answer with the status 200, or a value that is no
 * whole answer; `unusable`: `accept` did not take it; `circuit-open`: not asked, it has failed too often; `deadline`: the time of the
 * whole cascade was over, before it was asked or meanwhile.
 */
export type FailureReason =
  | 'status'
  | 'no-response'
  | 'timeout'
  | 'bad-answer'
  | 'unusable'
  | 'circuit-open'
  | 'deadline';

/** One provider that gave no answer; nothing in it comes from a request or an answer. */
export interface ProviderFailure {
  readonly provider: string;
  readonly model: string;
  readonly reason: FailureReason;
  /** HTTP status, with the reason `status`. */
  readonly status?: number;
  /** How often it was called. */
  readonly attempts: number;
}

/** No provider answered. `cause` is an AggregateError whose `errors` are what the providers threw, in the order of `failures`. */
export class CascadeError extends AICacheError {
  readonly failures: readonly ProviderFailure[];

  constructor(
    code: 'CASCADE_FAILED' | 'CASCADE_REFUSED',
    message: string,
    details: { help: string; status: number; cause: AggregateError; failures: readonly ProviderFailure[] },
  ) {
    super(code, message, details);
    this.failures = details.failures;
  }
}

const WORDS: Readonly<Record<Exclude<FailureReason, 'status'>, string>> = {
  'no-response': 'no response',
  timeout: 'no answer in time',
  'bad-answer': 'an error or no whole answer in its body',
  unusable: 'an answer that cannot be used',
  'circuit-open': 'not asked, its circuit is open',
  deadline: 'the deadline of the cascade had passed',
};

/** Every provider failed. */
export function cascadeFailed(failures: readonly ProviderFailure[], causes: readonly unknown[]): CascadeError {
  return new CascadeError('CASCADE_FAILED', `No provider answered: ${listed(failures)}.`, {
    help: 'Nothing was stored; see "failures", and "cause.errors" for what each of them threw.',
    status: failures.every(({ reason }) => reason === 'timeout' || reason === 'deadline') ? 504 : 502,
    cause: new AggregateError(causes),
    failures,
  });
}

/** A provider said that the request itself is wrong, which the next one would say as well. */
export function cascadeRefused(failures: readonly ProviderFailure[], causes: readonly unknown[]): CascadeError {
  return new CascadeError('CASCADE_REFUSED', `The request was refused as wrong: ${listed(failures)}.`, {
    help: 'No other provider was asked, see the option "stopStatuses"; "cause.errors" has what each of them threw.',
    status: failures.at(-1)?.status ?? 400,
    cause: new AggregateError(causes),
    failures,
  });
}

function listed(failures: readonly ProviderFailure[]): string {
  return failures.map(failureText).join('; ');
}

function failureText({ provider, model, reason, status, attempts }: ProviderFailure): string {
  const what = reason === 'status' ? `HTTP ${status}` : WORDS[reason];
  return `${provider} ${model}: ${what}${attempts > 1 ? ` (${attempts} attempts)` : ''}`;
}

/** What the function `call` of a provider resolved to; never shown, it may be an answer. */
export function notAWholeAnswer(shown: string): AICacheError {
  return new AICacheError('INVALID_RESPONSE', `The "call" of a provider resolved to ${shown}.`, {
    option: 'providers',
    help: 'Resolve to a whole JSON answer, as an SDK gives it without `stream`, or to { status?, headers?, body }.',
  });
}

/** A function given to a cascade threw; what it threw is the `cause`, its message may hold a text and is not repeated. */
export function cascadeFunctionThrew(option: string, cause: unknown): AICacheError {
  return new AICacheError('USER_FUNCTION_FAILED', `The function "${option}" of a cascade threw.`, {
    help: 'See the cause.',
    option,
    cause,
  });
}

/** An answer in which no translation was found. */
export function translationUnreadable(provider: string, cause?: unknown): AICacheError {
  return new AICacheError('TRANSLATION_UNREADABLE', `There is no translation in the answer of ${provider}.`, {
    option: 'readTranslation',
    help: 'Say with "readTranslation" where this provider has the text.',
    status: 502,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A value of `translate` that is not as it must be; the value is not shown, it may be the text. */
export function invalidTranslation(field: string, expected: string): AICacheError {
  return new AICacheError('INVALID_REQUEST', `The field "${field}" of the translation is not ${expected}.`, {
    help: `Make it ${expected}.`,
    option: field,
    status: 400,
  });
}
