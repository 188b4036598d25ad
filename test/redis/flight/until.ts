import { vi } from 'vitest';

/** Waits for what another process or Redis is about to bring about; only a hang is too late. */
export function until(condition: () => boolean | Promise<boolean>): Promise<unknown> {
  return vi.waitUntil(condition, { timeout: 20_000, interval: 5 });
}
