import type { FillSpan, GetSpan, PutSpan, RemovalSpan, SpanLink, Tracing } from './tracing.ts';

const nothing = (): void => {};
const runIt = <T>(work: () => T): T => work();
const NO_LINK: SpanLink = Object.freeze({ kind: 'span-link' });

export const NO_GET_SPAN: GetSpan = Object.freeze({
  link: Object.freeze({ kind: 'span-link' as const }),
  run: runIt,
  end: nothing,
});
export const NO_PUT_SPAN: PutSpan = Object.freeze({ run: runIt, end: nothing });
export const NO_REMOVAL_SPAN: RemovalSpan = Object.freeze({ run: runIt, end: nothing });
export const NO_FILL_SPAN: FillSpan = Object.freeze({
  link: NO_LINK,
  run: runIt,
  end: nothing,
  startPut: () => NO_PUT_SPAN,
});

/** Traces nothing and allocates nothing. */
export const NO_TRACING: Tracing = Object.freeze({
  startGet: () => NO_GET_SPAN,
  startFill: () => NO_FILL_SPAN,
  startRemoval: () => NO_REMOVAL_SPAN,
});
