import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { copyOf } from '../../../src/request/copy-request.ts';
import { CacheKeyGenerator } from '../../../src/request/key-generator.ts';

const objectsIn = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : [];

it('a copy has the key of its request, and none of its objects', () => {
  const keys = new CacheKeyGenerator();
  const values = [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)];
  const json = fc.anything({ values, maxDepth: 5, withNullPrototype: true });
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), json), fc.string(), (options, text) => {
      const request = { text, options, tags: ['a'], vary: { accept: 'b' } } as AIRequest;
      const copy = copyOf(request);
      expect(copy).toEqual(request);
      expect(keys.generate(copy)).toBe(keys.generate(request));
      const own = new Set(objectsIn(request));
      expect(objectsIn(copy).filter((object) => own.has(object))).toEqual([]);
    }),
  );
});
