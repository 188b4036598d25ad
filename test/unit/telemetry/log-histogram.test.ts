import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogHistogram } from '../../../src/telemetry/log-histogram.ts';

/** Milliseconds from 0.1 µs to about 2.8 hours, every order of magnitude as likely as any other. */
const duration = fc.double({ min: -4, max: 7, noNaN: true }).map((exponent) => 10 ** exponent);

function histogramOf(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function exactQuantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? 0;
}

describe('a log-linear histogram', () => {
  it('gives quantiles within 3 % of the exact ones, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.array(duration, { minLength: 1, maxLength: 300, size: 'max' }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, fraction) => {
          const exact = exactQuantile(values, fraction);
          const estimate = histogramOf(values).quantile(fraction);
          expect(Math.abs(estimate - exact) / exact).toBeLessThanOrEqual(0.03);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('keeps count, sum and maximum exactly', () => {
    fc.assert(
      fc.property(fc.array(duration), (values) => {
        const histogram = histogramOf(values);
        expect(histogram.count).toBe(values.length);
        expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
        expect(histogram.max).toBe(Math.max(0, ...values));
      }),
    );
  });

  it('merged from parts is the histogram of the whole', () => {
    fc.assert(
      fc.property(fc.array(duration), fc.array(duration), (left, right) => {
        const merged = histogramOf(left);
        merged.add(histogramOf(right));
        const whole = histogramOf([...left, ...right]);
        expect(merged.count).toBe(whole.count);
        expect(merged.sum).toBeCloseTo(whole.sum, 5);
        for (const fraction of [0, 0.25, 0.5, 0.95, 0.99, 1]) {
          expect(merged.quantile(fraction)).toBe(whole.quantile(fraction));
        }
      }),
    );
  });

  it('changes nothing in what is merged into it', () => {
    const part = histogramOf([1, 2, 3]);
    histogramOf([4]).add(part);
    expect([part.count, part.sum, part.max]).toEqual([3, 6, 3]);
  });

  it('is right at powers of two, where its buckets change width', () => {
    for (let exponent = -13; exponent < 24; exponent += 1) {
      for (const value of [2 ** exponent * (1 - Number.EPSILON), 2 ** exponent, 2 ** exponent * (1 + Number.EPSILON)]) {
        const estimate = histogramOf([value, value * 8]).quantile(0.5);
        expect(Math.abs(estimate - value) / value).toBeLessThanOrEqual(0.03);
      }
    }
  });

  it('says 0 of everything while it is empty', () => {
    const empty = new LogHistogram();
    expect([empty.count, empty.sum, empty.max, empty.mean(), empty.quantile(0.5)]).toEqual([0, 0, 0, 0, 0]);
  });

  it('takes 0 and numbers beyond its range, which share a bucket', () => {
    expect(histogramOf([0, 0]).quantile(0.99)).toBe(0);
    expect(histogramOf([0, 1e-9, 1e-6, 1]).quantile(0.5)).toBeCloseTo(6.1e-5, 5);
    const beyond = histogramOf([1e9, 1e300]);
    expect(beyond.quantile(0)).toBe(beyond.quantile(0.9));
    expect(beyond.max).toBe(1e300);
  });

  it('ignores what is no duration', () => {
    expect(histogramOf([Number.NaN, -1, Infinity]).count).toBe(0);
  });
});
