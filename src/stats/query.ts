import { Refusal } from './answer.ts';
import {
  digestRefused,
  lengthRefused,
  malformedQuery,
  nothingSelected,
  repeatedParameter,
  unknownParameter,
  valueRefused,
} from './problems.ts';
import type { InvalidationSelector, StatsOptions } from './inspectable.ts';

export const LONGEST_FILTER = 256;

/** As `cache.invalidate` takes them. */
export const LONGEST_NAME = 1_000;

/** A key's digest, whole. */
export const DIGEST = /^[\da-f]{64,128}$/;

export const STATS_PARAMETERS = ['provider', 'model', 'across'] as const;

/** Whose statistics. */
export const ACROSS = ['process', 'cluster'] as const;

export const SELECTOR_PARAMETERS = ['provider', 'model', 'operation', 'collection', 'tag', 'key'] as const;

/** Which statistics a request asks for, each parameter at most once. Throws a Refusal. */
export function statsOptionsOf(url: string): StatsOptions {
  const parameters = parametersOf(url, STATS_PARAMETERS, LONGEST_FILTER);
  const options = Object.fromEntries([...parameters].map(([name, values]) => [name, single(name, values)]));
  const { across } = options;
  if (across !== undefined && !(ACROSS as readonly string[]).includes(across)) {
    throw new Refusal(valueRefused('across', across, ACROSS));
  }
  return options;
}

/** Throws a Refusal where there are parameters. */
export function refuseParameters(url: string): void {
  parametersOf(url, [], LONGEST_FILTER);
}

/** What a request selects: of a parameter that is repeated any value. At least one parameter, or it throws a Refusal. */
export function selectorOf(url: string): InvalidationSelector {
  const parameters = parametersOf(url, SELECTOR_PARAMETERS, LONGEST_NAME);
  if (parameters.size === 0) throw new Refusal(nothingSelected(SELECTOR_PARAMETERS));
  const wrong = parameters.get('key')?.find((value) => !DIGEST.test(value));
  if (wrong !== undefined) throw new Refusal(digestRefused(wrong));
  return Object.fromEntries(parameters);
}

/** The one value of a parameter that may be given once; undefined without it. Throws a Refusal. */
export function parameterOf(url: string, name: string): string | undefined {
  const values = parametersOf(url, [name], LONGEST_NAME).get(name);
  return values && single(name, values);
}

function single(name: string, [value, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) throw new Refusal(repeatedParameter(name));
  return value;
}

/**
 * The parameters of a query, read from the URL: `req.query` is what the app's setting `query parser` makes of it, which may be
 * nothing. One that is unknown is refused: a misspelt one would otherwise select too much.
 */
function parametersOf(url: string, allowed: readonly string[], longest: number): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of membersOf(url)) {
    if (!allowed.includes(name)) throw new Refusal(unknownParameter(name, allowed));
    if (value === '' || value.length > longest) throw new Refusal(lengthRefused(name, value.length, longest));
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

function membersOf(url: string): (readonly [name: string, value: string])[] {
  const start = url.indexOf('?');
  const members = start === -1 ? [] : url.slice(start + 1).split('&');
  return members.filter((member) => member !== '').map(memberOf);
}

function memberOf(member: string): readonly [name: string, value: string] {
  const equals = member.indexOf('=');
  const [name, value] = equals === -1 ? [member, ''] : [member.slice(0, equals), member.slice(equals + 1)];
  try {
    return [decoded(name), decoded(value)];
  } catch {
    throw new Refusal(malformedQuery(name));
  }
}

/** Stricter than URLSearchParams, which reads broken bytes as U+FFFD. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
