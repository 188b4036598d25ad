import { invalidEnv, unknownEnv } from '../errors.ts';
import type { AICacheError } from '../errors.ts';
import type { EnvForm } from './env-form.ts';
import { isInjected } from './injected-variables.ts';
import { nearestName } from './nearest-name.ts';
import { documentedOptions } from './option-docs.ts';
import type { DocumentedOption } from './option-docs.ts';
import { firstIssue } from './option-errors.ts';
import type { AIResponseCacheOptions } from './options.ts';
import { cacheOptions } from './schema.ts';
import { shownSetting, shownValue } from './shown-value.ts';

const PREFIX = 'AI_CACHE_';

/** One variable of the environment and the option it sets. */
export interface EnvironmentVariable {
  readonly name: string;
  /** The option's path, such as `memory.maxBytes`. */
  readonly option: string;
  readonly allowed: string;
  /** The option's value when the variable is not set; `undefined` where that is "none" or depends on other options. */
  readonly default: unknown;
}

type Variable = EnvironmentVariable & { readonly form: EnvForm; readonly doc: DocumentedOption };

/** Every variable that `optionsFromEnv` reads, made from the options' schema. */
export function environmentVariables(): EnvironmentVariable[] {
  return variables().map(({ name, option, allowed, default: value }) => ({ name, option, allowed, default: value }));
}

/**
 * The options that the environment's `AI_CACHE_*` variables set, for `aiCache()` or `new AIResponseCache()`.
 *
 * White space round a value is dropped; an empty value counts as not set (as in OpenTelemetry's "Environment Variable
 * Specification"). `AI_CACHE_MEMORY=false` and its like win over the variables of the group they turn off. Variables that
 * Kubernetes and container links inject are left alone.
 *
 * Throws an `AICacheError`: `UNKNOWN_ENV` for a name that is no option's, `INVALID_ENV` for a value that is not allowed.
 */
export function optionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): AIResponseCacheOptions {
  const known = variables();
  const options: Record<string, unknown> = {};
  const off: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || value === undefined || isInjected(name, value)) continue;
    const variable = known.find((candidate) => candidate.name === name);
    if (variable === undefined) throw unknown(name, value, known);
    const text = value.trim();
    if (text === '') continue;
    if (variable.form.isSwitch === true) {
      if (!isOn(variable, text)) off.push(variable.option);
    } else {
      put(options, variable.option.split('.'), variable.form.read(text));
    }
  }
  check(options, env, known);
  return { ...options, ...Object.fromEntries(off.map((option) => [option, false])) };
}

function variables(): Variable[] {
  return documentedOptions(cacheOptions).flatMap((doc) => {
    const form = doc.env;
    if (form === undefined) return [];
    const name = form.name ?? `${PREFIX}${upperSnakeCase(doc.path)}`;
    return [
      {
        name,
        option: doc.path,
        allowed: form.allowed ?? doc.allowed,
        default: form.isSwitch ? true : doc.default,
        form,
        doc,
      },
    ];
  });
}

function upperSnakeCase(path: string): string {
  return path.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase();
}

function isOn(variable: Variable, text: string): boolean {
  const read = variable.form.read(text);
  if (typeof read !== 'boolean') throw invalidEnv(variable.name, shownValue(text), variable.allowed);
  return read;
}

function put(options: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    options[name] = value;
    return;
  }
  const group = (options[name] ??= {}) as Record<string, unknown>;
  put(group, rest, value);
}

function check(
  options: Record<string, unknown>,
  env: Readonly<Record<string, string | undefined>>,
  known: readonly Variable[],
): void {
  const result = cacheOptions.safeParse(options);
  if (result.success) return;
  const { option } = firstIssue(
    result.error,
    options,
    known.map(({ doc }) => doc),
  );
  const variable = known.find(({ doc }) => doc === option);
  if (variable === undefined) throw result.error;
  throw invalidEnv(variable.name, shownValue(env[variable.name]), variable.allowed);
}

function unknown(name: string, value: string, known: readonly Variable[]): AICacheError {
  const rest = known.map((variable) => variable.name.slice(PREFIX.length));
  return unknownEnv(name, shownSetting(name, value), PREFIX + nearestName(name.slice(PREFIX.length), rest));
}
