import { z } from 'zod';
import type { EnvForm } from './env-form.ts';

/** What the schema says of an option beside its shape. Errors, the environment and the README's table are all made from it. */
export interface OptionDoc {
  /** What is allowed, as it goes on after "Allowed: ". */
  readonly allowed: string;
  /** One line for the options table. */
  readonly meaning: string;
  /** How the environment gives it; absent: it cannot. */
  readonly env?: EnvForm;
  /** Where the default depends on another option. */
  readonly defaultText?: string;
}

export interface DocumentedOption extends OptionDoc {
  /** `memory.maxBytes` */
  readonly path: string;
  /** The value the option has when it is left out; `undefined` where that is "none". */
  readonly default: unknown;
}

export const optionDocs = z.registry<OptionDoc>();

/** Every documented option of a schema, parents before their children. */
export function documentedOptions(schema: z.ZodObject, parents: readonly string[] = []): DocumentedOption[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const names = [...parents, name];
    const schemas = wrappedIn(field as z.ZodType);
    const doc = schemas.map((inner) => optionDocs.get(inner)).find((found) => found !== undefined);
    const group = schemas.find((inner) => inner instanceof z.ZodObject);
    const own = doc === undefined ? [] : [{ ...doc, path: names.join('.'), default: defaultOf(field as z.ZodType) }];
    return group === undefined ? own : [...own, ...documentedOptions(group, names)];
  });
}

/** A schema and those it wraps: below a default, an optional, and the members of a union. */
function wrappedIn(schema: z.ZodType): z.ZodType[] {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodReadonly
  ) {
    return [schema, ...wrappedIn(schema.unwrap() as z.ZodType)];
  }
  if (schema instanceof z.ZodUnion) {
    return [schema, ...schema.options.flatMap((member) => wrappedIn(member as z.ZodType))];
  }
  return [schema];
}

function defaultOf(schema: z.ZodType): unknown {
  return schema.safeParse(undefined).data;
}
