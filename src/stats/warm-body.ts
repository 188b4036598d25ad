import { z } from 'zod';
import { Refusal } from './answer.ts';
import type { ManageableCache, WarmItem } from './inspectable.ts';
import { fieldRefused } from './problems.ts';
import type { warmResultSchema } from './schemas.ts';

const MAX_ITEMS = 1_000;

const text = z.string().optional();

/** Strict, so that a misspelt field is no other isolation than the one that was meant. */
const request = z.strictObject({
  target: text,
  vary: z.record(z.string(), z.string()).optional(),
  provider: text,
  model: text,
  operation: text,
  text: z.string(),
  question: text,
  options: z.record(z.string(), z.unknown()).optional(),
  collection: text,
  tags: z.array(z.string()).optional(),
  contentType: z.enum(['critical', 'standard', 'static', 'temporary']).optional(),
  confidence: z.number().optional(),
  tenant: text,
});

const item = z.strictObject({
  request: request.describe('What the cache is asked for, as `set` takes it.'),
  response: z
    .unknown()
    .describe('Any JSON value, a string, or a whole response: `{ "status"?, "headers"?, "body" }`, as `set` takes it.'),
  ttlSeconds: z.number().min(0).optional(),
});

export const warmBodySchema = z.strictObject({ items: z.array(item).min(1).max(MAX_ITEMS) });

/** The items that a body holds. Throws a Refusal that names the first field that is wrong, never its value. */
export function warmItemsOf(body: unknown): readonly WarmItem[] {
  const read = warmBodySchema.safeParse(body);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new Refusal(fieldRefused(pathText(issue?.path ?? []), wrongWith(issue)));
  }
  // As they were sent: what was read has lost members named `__proto__`, which are part of a key like any other.
  return (body as { readonly items: readonly WarmItem[] }).items;
}

/** With words for what failed in place of errors. */
export async function warmed(
  cache: Pick<ManageableCache, 'warm'>,
  items: readonly WarmItem[],
): Promise<z.infer<typeof warmResultSchema>> {
  const { stored, skipped, failed, failures } = await cache.warm(items);
  return {
    stored,
    skipped,
    failed,
    failures: failures.map(({ index, reason, error }) => ({
      index,
      reason,
      ...(error === undefined ? {} : { detail: error.message }),
    })),
  };
}

function wrongWith(issue: z.core.$ZodIssue | undefined): string {
  const isMissing = issue?.code === 'invalid_type' && issue.expected === 'nonoptional';
  return isMissing ? 'it is missing' : (issue?.message ?? 'it does not fit');
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}
