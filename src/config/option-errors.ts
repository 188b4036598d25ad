import type { z } from 'zod';
import type { AICacheError } from '../errors.ts';
import { invalidOption, unknownOption } from '../errors.ts';
import { nearestName } from './nearest-name.ts';
import type { DocumentedOption } from './option-docs.ts';
import { documentedOptions } from './option-docs.ts';
import { shownValue } from './shown-value.ts';

export interface OptionIssue {
  /** `memory.maxBytes`, `tags[1]` */
  readonly path: string;
  /** The value found there. */
  readonly value: unknown;
  /** The option that the value is in; absent where the options as a whole are wrong. */
  readonly option: DocumentedOption | undefined;
  readonly isUnknown: boolean;
}

type Issue = z.core.$ZodIssue;

/** The first thing that is wrong; a name that does not exist goes before a bad value. */
export function firstIssue(error: z.ZodError, input: unknown, known: readonly DocumentedOption[]): OptionIssue {
  const issues = error.issues.map(innermost);
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  const names = unknown === undefined ? (issues[0]?.path ?? []) : [...unknown.path, ...unknown.keys.slice(0, 1)];
  return {
    path: pathText(names),
    value: valueAt(input, names),
    option: optionAt(names, known),
    isUnknown: unknown !== undefined,
  };
}

/** The error for what is wrong with options that were given in code. */
export function optionError(error: z.ZodError, input: unknown, schema: z.ZodObject): AICacheError {
  const known = documentedOptions(schema);
  const issue = firstIssue(error, input, known);
  if (issue.isUnknown) {
    const names = [...Object.keys(schema.shape), ...known.map(({ path }) => path)];
    return unknownOption(issue.path, nearestName(issue.path, names));
  }
  return invalidOption(issue.path, shownValue(issue.value), issue.option?.allowed ?? 'an object of options');
}

/** A union says only that no member fits; the member that got furthest says why. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inside = issue.errors.flat();
  const deeper =
    inside.find((inner) => inner.code === 'unrecognized_keys') ?? inside.find((inner) => inner.path.length > 0);
  return deeper === undefined ? issue : innermost({ ...deeper, path: [...issue.path, ...deeper.path] });
}

function pathText(names: readonly PropertyKey[]): string {
  return names.reduce<string>((path, name) => {
    if (typeof name === 'number') return `${path}[${name}]`;
    return path === '' ? String(name) : `${path}.${String(name)}`;
  }, '');
}

function valueAt(input: unknown, names: readonly PropertyKey[]): unknown {
  return names.reduce<unknown>((value, name) => (value as Record<PropertyKey, unknown> | undefined)?.[name], input);
}

function optionAt(names: readonly PropertyKey[], known: readonly DocumentedOption[]): DocumentedOption | undefined {
  for (let length = names.length; length > 0; length -= 1) {
    const path = names.slice(0, length).join('.');
    const option = known.find((candidate) => candidate.path === path);
    if (option !== undefined) return option;
  }
  return undefined;
}
