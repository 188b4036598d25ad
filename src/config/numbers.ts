import { z } from 'zod';
import { asNumber } from './env-form.ts';

/** `setTimeout` fires at once beyond this (Node.js, "Timers"). */
const LONGEST_TIMER_MS = 2_147_483_647;

/** About 31 years; keeps times in milliseconds far from the limit of safe integers. */
const LONGEST_TTL_SECONDS = 1_000_000_000;

export const MIB = 1_048_576;

export const positive = (): z.ZodInt => z.int().min(1);
export const notNegative = (): z.ZodInt => z.int().min(0);
export const timer = (): z.ZodInt => positive().max(LONGEST_TIMER_MS);
export const lifetime = (): z.ZodNumber => z.number().positive().max(LONGEST_TTL_SECONDS);

/** A span of time that may be none. */
export const window = (): z.ZodNumber => z.number().min(0).max(LONGEST_TTL_SECONDS);
export const windowSeconds = {
  allowed: `a number of seconds from 0, at most ${LONGEST_TTL_SECONDS}`,
  env: asNumber,
};
/** The words for them. */
export const bytes = { allowed: 'a whole number of bytes from 1', env: asNumber };
export const characters = { allowed: 'a whole number of characters from 1' };
export const milliseconds = {
  allowed: `a whole number of milliseconds from 1 to ${LONGEST_TIMER_MS}`,
  env: asNumber,
};
export const seconds = { allowed: `a number of seconds above 0, at most ${LONGEST_TTL_SECONDS}`, env: asNumber };
