import { describe, expectTypeOf, it } from 'vitest';
import type { CacheEvent, RequestEvent } from '../../../src/telemetry/events.ts';
import type { Outcome } from '../../../src/telemetry/outcome.ts';
import type { FillSpan, GetSpan, PutSpan, Tracing } from '../../../src/telemetry/tracing.ts';

/** Names of the fields that can hold any string at all. */
type FreeText<Shape> = Shape extends unknown
  ? { [Field in keyof Shape]-?: string extends Shape[Field] ? Field : never }[keyof Shape]
  : never;

/** Names of the fields that hold an object. */
type Nested<Shape> = Shape extends unknown
  ? { [Field in keyof Shape]-?: Extract<Shape[Field], object> extends never ? never : Field }[keyof Shape]
  : never;

// These are checked by `npm run typecheck`: a new field that could carry a prompt fails there until it is listed here.
describe('what telemetry is told', () => {
  it('has no event with a field for text, beside names of things', () => {
    expectTypeOf<FreeText<CacheEvent>>().toEqualTypeOf<'route' | 'provider' | 'model' | 'errorType'>();
    expectTypeOf<Nested<CacheEvent>>().toEqualTypeOf<'outcome'>();
    expectTypeOf<RequestEvent['outcome']>().toEqualTypeOf<Outcome>();
  });

  it('has no outcome with a field for text, beside names of things', () => {
    type Names = 'route' | 'provider' | 'model' | 'errorType' | 'bypass' | 'notStored';
    expectTypeOf<FreeText<Outcome>>().toEqualTypeOf<Names>();
    expectTypeOf<Nested<Outcome>>().toEqualTypeOf<'usage'>();
  });

  it('has no span with a field for text, beside names of things and the digest of a key', () => {
    type Starts = Parameters<Tracing['startGet']>[0] | Parameters<Tracing['startFill']>[0];
    type Ends = Parameters<GetSpan['end']>[0] | Parameters<FillSpan['end']>[0] | Parameters<PutSpan['end']>[0];
    expectTypeOf<FreeText<Starts>>().toEqualTypeOf<'route' | 'provider' | 'model'>();
    expectTypeOf<FreeText<Ends>>().toEqualTypeOf<'keyDigest' | 'errorType' | 'provider' | 'model' | 'notStored'>();
    expectTypeOf<Nested<Ends>>().toEqualTypeOf<'leader'>();
  });
});
