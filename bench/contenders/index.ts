/** Everybody who takes part. Each is loaded by its own process alone. */
import type { Contender } from '../contender.ts';

export type Kind = 'reference' | 'floor' | 'ours' | 'peer' | 'proxy';

export interface Listed {
  readonly name: string;
  readonly kind: Kind;
  /** npm packages, or programs, that the report names the versions of. */
  readonly packages: readonly string[];
  load(): Promise<Contender>;
}

export const REFERENCE = 'Express, no cache';

export const CONTENDERS: readonly Listed[] = [
  {
    name: REFERENCE,
    kind: 'reference',
    packages: ['express'],
    load: async () => (await import('./express.ts')).express5,
  },
  {
    name: 'node:http, no cache',
    kind: 'floor',
    packages: [],
    load: async () => (await import('./node-http.ts')).nodeHttp,
  },
  ours('parsed', {}),
  ours('parsed, digestBody', { body: 'digest' }),
  ours('raw', { body: 'raw' }),
  ours('parsed, telemetry: false', { telemetry: 'off' }),
  ours('parsed, OTel 1 %', { telemetry: 'one-percent' }),
  ours('parsed, OTel always', { telemetry: 'always' }),
  ours('raw, telemetry: false', { body: 'raw', telemetry: 'off' }),
  ours('raw, OTel 1 %', { body: 'raw', telemetry: 'one-percent' }),
  ours('raw, OTel always', { body: 'raw', telemetry: 'always' }),
  peer('apicache', 'apicache'),
  peer('route-cache', 'route-cache'),
  peer('cacheable-response', 'cacheable-response'),
  peer('http-cache-middleware', 'http-cache-middleware'),
  peer('express-redis-cache', 'express-redis-cache'),
  peer('bentocache', 'bentocache'),
  peer('cacheable', 'cacheable'),
  peer('async-cache-dedupe', 'async-cache-dedupe'),
  { name: 'nginx', kind: 'proxy', packages: [], load: async () => (await import('./nginx.ts')).nginx },
  { name: 'Varnish', kind: 'proxy', packages: [], load: async () => (await import('./varnish.ts')).varnish },
];

export function kindOf(name: string): Kind {
  return CONTENDERS.find((listed) => listed.name === name)?.kind ?? 'peer';
}

function ours(variant: string, options: Parameters<typeof import('./ours.ts').ours>[0]): Listed {
  const load = async (): Promise<Contender> => (await import('./ours.ts')).ours(options);
  return { name: `express-ai-cache, ${variant}`, kind: 'ours', packages: ['express-ai-cache'], load };
}

/** Peers are a package of their own: what they need is not installed with the library. */
function peer(name: string, packageName: string): Listed {
  const load = async (): Promise<Contender> => {
    const module = (await import(`../peers/${name}.ts`)) as { peer: Contender };
    return module.peer;
  };
  return { name, kind: 'peer', packages: [packageName], load };
}
