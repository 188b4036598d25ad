import { describe, expect, it } from 'vitest';
import { createLabelCaps, LabelCap } from '../../../src/telemetry/label-cap.ts';

describe('a capped label', () => {
  it('keeps the first 100 values for good and calls all later ones other', () => {
    const cap = new LabelCap();
    const values = Array.from({ length: 10_000 }, (_, number) => `model-${number}`);
    const shown = new Set(values.map((value) => cap.of(value)));
    expect(shown.size).toBe(101);
    expect(cap.of('model-0')).toBe('model-0');
    expect(cap.of('model-99')).toBe('model-99');
    expect(cap.of('model-100')).toBe('other');
  });

  it('never shows a value longer than a name is, and does not spend a place on it', () => {
    const cap = new LabelCap(1);
    expect(cap.of('x'.repeat(129))).toBe('other');
    expect(cap.of('x'.repeat(128))).toBe('x'.repeat(128));
  });

  it('leaves an absent value absent', () => {
    expect(new LabelCap().of(undefined)).toBeUndefined();
  });

  it('is counted for each dimension by itself', () => {
    const caps = createLabelCaps();
    for (let number = 0; number < 200; number += 1) caps.model.of(`model-${number}`);
    expect(caps.model.of('new')).toBe('other');
    expect(caps.provider.of('new')).toBe('new');
  });
});
