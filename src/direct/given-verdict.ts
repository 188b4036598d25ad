import type { CacheParts } from '../cache-parts.ts';
import { fieldOf } from '../entry/header-fields.ts';
import type { BodyVerdict } from '../exchange/verdict.ts';
import { completenessInTurns } from '../policy/completeness.ts';
import { whyNotStorable } from '../policy/storable.ts';
import type { WholeResponse } from './given-response.ts';

/** Whether a response that a program gave may be stored, and what it says it used: by the rules for what a handler sends. */
export async function verdictOnGiven(
  { config, clock }: Pick<CacheParts, 'config' | 'clock'>,
  response: WholeResponse,
  ttlSeconds: number | undefined,
): Promise<BodyVerdict> {
  if (ttlSeconds === 0) return { refusal: { reason: 'no-lifetime', kind: 'declared' } };
  if (response.body.length > config.maxEntryBytes) return { refusal: { reason: 'too-large', kind: 'declared' } };
  // A program that stores an answer says by its request what the answer depends on.
  const refusal = whyNotStorable(response, {
    covers: () => true,
    now: clock.now(),
    isCheckable: false,
    isAuthorized: false,
    storeErrors: false,
    lifetimeSeconds: ttlSeconds,
  });
  if (refusal !== undefined) return { refusal };
  const contentType = fieldOf(response.headers, 'content-type');
  const { reason, usage, model } = await completenessInTurns(contentType, response.body);
  return {
    ...(reason === undefined ? {} : { refusal: { reason, kind: 'other' } }),
    ...(usage === undefined ? {} : { usage }),
    ...(model === undefined ? {} : { model }),
  };
}
