/** Names, kinds, units and buckets of everything this package reports: data only. docs/guide/telemetry.md explains them. */

/** Instrumentation scope: the package's name and version. */
export const SCOPE = Object.freeze({ name: 'express-ai-cache', version: '0.1.0' });

/** What a label reads beyond its cap, and where a label that is always present is not known. */
export const OTHER = 'other';
export const UNKNOWN = 'unknown';

export type InstrumentKind = 'histogram' | 'counter' | 'up-down-counter' | 'observable-up-down-counter';

/** `unit` is UCUM; `buckets` are upper bounds in that unit, given to the SDK as advice. */
export interface InstrumentShape {
  readonly name: string;
  readonly kind: InstrumentKind;
  readonly unit: string;
  readonly description: string;
  readonly buckets?: readonly number[];
}

export const INSTRUMENTS = Object.freeze({
  requestDuration: {
    name: 'ai_cache.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the arrival of a request at the cache to the last byte of its answer.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  operationDuration: {
    name: 'ai_cache.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time of one operation of a tier.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  },
  keyDuration: {
    name: 'ai_cache.key.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time to make a key from a request.',
    buckets: [0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.01],
  },
  fillDuration: {
    name: 'ai_cache.fill.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time the handler took to make an answer.',
    buckets: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84],
  },
  entrySize: {
    name: 'ai_cache.entry.size',
    kind: 'histogram',
    unit: 'By',
    description: 'Size of a body before (raw) and after (stored) compression.',
    buckets: [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
  },
  codecDuration: {
    name: 'ai_cache.codec.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time to compress or decompress a body.',
    buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
  },
  entryAge: {
    name: 'ai_cache.entry.age',
    kind: 'histogram',
    unit: 's',
    description: 'Age of the entry an answer was served from.',
    buckets: [1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400, 604_800],
  },
  evictions: {
    name: 'ai_cache.evictions',
    kind: 'counter',
    unit: '{eviction}',
    description: 'Entries removed from a tier.',
  },
  entryCount: {
    name: 'ai_cache.entry.count',
    kind: 'observable-up-down-counter',
    unit: '{entry}',
    description: 'Entries a tier holds.',
  },
  memoryUsage: {
    name: 'ai_cache.memory.usage',
    kind: 'observable-up-down-counter',
    unit: 'By',
    description: 'Memory the entries of a tier take.',
  },
  memoryLimit: {
    name: 'ai_cache.memory.limit',
    kind: 'observable-up-down-counter',
    unit: 'By',
    description: 'Memory the entries of a tier may take.',
  },
  circuitState: {
    name: 'ai_cache.circuit.state',
    kind: 'observable-up-down-counter',
    unit: '{circuit}',
    description: 'Circuit breakers in front of a tier by state: 1 for the state each is in, 0 for the others.',
  },
  fillActive: {
    name: 'ai_cache.fill.active',
    kind: 'up-down-counter',
    unit: '{fill}',
    description: 'Fills running now.',
  },
  savedCost: {
    name: 'ai_cache.saved.cost',
    kind: 'counter',
    unit: '{USD}',
    description: 'What the model calls had cost that were not made.',
  },
  savedTokens: {
    name: 'ai_cache.saved.tokens',
    kind: 'counter',
    unit: '{token}',
    description: 'Tokens the provider did not have to process.',
  },
  savedTime: {
    name: 'ai_cache.saved.time',
    kind: 'counter',
    unit: 's',
    description: 'Time the handler did not have to spend: the stored fill duration of each entry served.',
  },
} as const satisfies Record<string, InstrumentShape>);

/** Span names; ` {cache.name}` follows each. */
export const SPANS = Object.freeze({
  get: 'cache.get',
  fill: 'cache.fill',
  put: 'cache.put',
  revalidate: 'cache.revalidate',
  remove: 'cache.remove',
  flush: 'cache.flush',
});

/** Attribute names. */
export const ATTRIBUTES = Object.freeze({
  name: 'cache.name',
  result: 'cache.result',
  tier: 'cache.tier',
  operation: 'cache.operation',
  hit: 'cache.hit',
  key: 'cache.key',
  itemSize: 'cache.item_size',
  itemCount: 'cache.item_count',
  age: 'cache.entry.age',
  form: 'cache.entry.form',
  encoding: 'cache.encoding',
  ttl: 'cache.ttl',
  write: 'cache.write',
  notStorable: 'cache.not_storable.reason',
  codecOperation: 'cache.codec.operation',
  evictionReason: 'cache.eviction.reason',
  fillReason: 'cache.fill.reason',
  circuitState: 'cache.circuit.state',
  clientGone: 'cache.client.gone',
  route: 'http.route',
  errorType: 'error.type',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  tokenType: 'gen_ai.token.type',
});
