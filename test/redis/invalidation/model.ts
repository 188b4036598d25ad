/** What three caches on one Redis may answer, as a list of everything that was said to them. */
import fc from 'fast-check';
import type { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { CachedResponse } from '../../../src/direct/cached-response.ts';
import type { EntrySelector } from '../../../src/direct/selector.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import type { ManualClock } from '../../support/manual-clock.ts';

export type Step =
  | { readonly kind: 'set'; readonly by: number; readonly key: number; readonly tag: string }
  | { readonly kind: 'get'; readonly by: number; readonly key: number }
  | { readonly kind: 'getMany'; readonly by: number }
  | { readonly kind: 'invalidate' | 'expire'; readonly by: number; readonly about: About }
  | { readonly kind: 'clear'; readonly by: number }
  | { readonly kind: 'wait'; readonly seconds: number };

type About =
  | { readonly field: 'collection' | 'model' | 'tag'; readonly value: string }
  | { readonly field: 'key'; readonly value: number }
  | { readonly field: 'both'; readonly collection: string; readonly tag: string };

interface Written {
  readonly value: number;
  readonly key: number;
  readonly tag: string;
}

const KEYS = 5;
const WINDOW_SECONDS = 600;

const by = fc.nat({ max: 2 });
const key = fc.nat({ max: KEYS - 1 });
const tag = fc.constantFrom('red', 'blue');
const collection = fc.constantFrom('docs', 'news');
const about: fc.Arbitrary<About> = fc.oneof(
  fc.record({ field: fc.constant('collection' as const), value: collection }),
  fc.record({ field: fc.constant('model' as const), value: fc.constantFrom('m0', 'm1') }),
  fc.record({ field: fc.constant('tag' as const), value: tag }),
  fc.record({ field: fc.constant('key' as const), value: key }),
  fc.record({ field: fc.constant('both' as const), collection, tag }),
);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), by, key, tag }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('get' as const), by, key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('getMany' as const), by }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('invalidate' as const, 'expire' as const), by, about }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), by }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 7_200 }) }),
  },
);

/** How the caches of a model are to be made: a lifetime of an hour, and a window in which stale answers are still there. */
export const MODEL_OPTIONS = { ttl: { defaultSeconds: 3_600 }, staleIfErrorSeconds: WINDOW_SECONDS } as const;

/** One run: keys, labels and values are its own, the caches are not. */
export class Model {
  readonly #caches: readonly AIResponseCache[];
  readonly #clock: ManualClock;
  readonly #name: string;
  readonly #written: Written[] = [];
  /** Values that nobody may get any more, and those that nobody may get as fresh. */
  readonly #gone = new Set<number>();
  readonly #stale = new Set<number>();
  #values = 0;

  constructor(caches: readonly AIResponseCache[], clock: ManualClock, name: string) {
    this.#caches = caches;
    this.#clock = clock;
    this.#name = name;
  }

  /** Does a step and checks what comes of it. What was forbidden before a read began, it may not give. */
  async run(what: Step): Promise<void> {
    if (what.kind === 'wait') return this.#clock.advance(what.seconds * 1_000);
    const cache = this.#caches[what.by] as AIResponseCache;
    switch (what.kind) {
      case 'set':
        return this.#set(cache, what);
      case 'get':
        return this.#check([what.key], async (one) => cache.get(this.#request(one), { allowStale: true }));
      case 'getMany': {
        const requests = Array.from({ length: KEYS }, (_, one) => this.#request(one));
        const all = cache.getMany(requests, { allowStale: true });
        return this.#check([...requests.keys()], async (place) => (await all)[place]);
      }
      default:
        return this.#forget(cache, what);
    }
  }

  async #set(cache: AIResponseCache, { key: of, tag: withTag }: Extract<Step, { kind: 'set' }>): Promise<void> {
    this.#values += 1;
    const value = this.#values;
    this.#written.push({ value, key: of, tag: withTag });
    await cache.set(this.#request(of), value, { tags: [`${this.#name} ${withTag}`] });
  }

  async #check(keys: readonly number[], get: (key: number) => Promise<CachedResponse | undefined>): Promise<void> {
    const gone = new Set(this.#gone);
    const stale = new Set(this.#stale);
    await Promise.all(
      keys.map(async (one) => {
        const response = await get(one);
        if (response === undefined) return;
        const value = response.json() as number;
        const written = this.#written.find((other) => other.value === value);
        if (written?.key !== one) throw new Error(`${value} was never written for ${one}`);
        if (gone.has(value)) throw new Error(`${value} had been invalidated`);
        if (stale.has(value) && response.state === 'fresh') throw new Error(`${value} had been expired`);
      }),
    );
  }

  async #forget(
    cache: AIResponseCache,
    what: Exclude<Step, { kind: 'set' | 'get' | 'getMany' | 'wait' }>,
  ): Promise<void> {
    // Also what is being written now: its making began before.
    const concerned = this.#written.filter((one) => what.kind === 'clear' || this.#concerns(what.about, one));
    if (what.kind === 'clear') await cache.clear();
    else await cache[what.kind](this.#selector(what.about));
    for (const { value } of concerned) (what.kind === 'expire' ? this.#stale : this.#gone).add(value);
  }

  #request(of: number): AIRequest {
    return {
      text: `${this.#name} ${of}`,
      provider: 'p',
      model: `${this.#name} m${of % 2}`,
      collection: `${this.#name} ${of < 3 ? 'docs' : 'news'}`,
    };
  }

  #selector(what: About): EntrySelector {
    if (what.field === 'key') return { key: this.#request(what.value) };
    if (what.field !== 'both') return { [what.field]: `${this.#name} ${what.value}` };
    return { collection: `${this.#name} ${what.collection}`, tag: `${this.#name} ${what.tag}` };
  }

  #concerns(what: About, written: Written): boolean {
    const request = this.#request(written.key);
    if (what.field === 'key') return what.value === written.key;
    if (what.field === 'tag') return what.value === written.tag;
    if (what.field === 'both')
      return what.tag === written.tag && request.collection?.endsWith(what.collection) === true;
    return request[what.field]?.endsWith(what.value) === true;
  }
}
