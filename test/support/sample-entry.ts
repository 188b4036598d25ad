import { createHash } from 'node:crypto';
import type { Entry } from '../../src/entry/entry.ts';
import type { CacheKey } from '../../src/tiers/tier.ts';

/** A key of its own for each name. */
export function sampleKey(name = 'sample'): CacheKey {
  const digest = createHash('sha256').update(name).digest('hex');
  return { text: `openai:gpt:docs:${digest}`, digest };
}

/** An entry of the key `sampleKey(name)`, fresh at the start of a `manualClock()` for 60 s and stale for 60 s more. */
export function sampleEntry({ name, ...fields }: Partial<Entry> & { readonly name?: string } = {}): Entry {
  const body = fields.body ?? Buffer.from('{"answer":"42"}');
  const cachedAt = Date.UTC(2026, 0, 1);
  return {
    digest: sampleKey(name).digest,
    status: 200,
    headers: [['Content-Type', 'application/json; charset=utf-8']],
    coding: 'identity',
    body,
    identityBytes: body.length,
    cachedAt,
    staleAt: cachedAt + 60_000,
    expiresAt: cachedAt + 120_000,
    labels: { provider: 'openai', model: 'gpt' },
    textLength: 12,
    textTier: 'small',
    ...fields,
  };
}
