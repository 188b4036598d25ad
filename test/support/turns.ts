import { setImmediate as turn } from 'node:timers/promises';

/** Waits turn by turn, without the timers that a test may have taken over. */
export async function turnsUntil(condition: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- one turn after the other
  while (!condition()) await turn();
}
