import type { AICacheOptions } from '../../src/index.ts';

/** A shared cache that goes by HTTP alone, as the suite wants one: no lifetimes of a policy, every request directive counts. */
export const CONFORMANCE_OPTIONS: AICacheOptions = {
  scope: 'shared',
  methods: ['GET', 'QUERY'],
  requestDirectives: 'all',
  storeErrors: true,
  ttl: { defaultSeconds: 0, heuristic: 0.1 },
  staleIfErrorSeconds: 60,
  onError: (error) => console.error(error.message),
};
