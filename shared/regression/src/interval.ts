/** @file The interval in which a metric of one more run is expected, from its values in the runs of a baseline. */
import { studentQuantile } from './student.ts';

/** In which direction a metric may move without harm. `both`: nowhere, because a value that is too good is a fault as well. */
export type Direction = 'lower' | 'higher' | 'both';

/**
 * How often the gate may fail for no reason, over all its metrics together, when a run is as good as those of the baseline: once in
 * a thousand changes.
 */
export const FALSE_ALARM_RATE = 0.001;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of a sample: Σ(x − mean)² over n − 1. */
export function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/**
 * How many standard deviations of a baseline of n runs one more run may lie from their mean: t · √(1 + 1/n), the half-width of a
 * prediction interval for normal noise. The chance of a false alarm is shared out evenly over the metrics (Bonferroni), which
 * holds however they depend on each other; each metric gives both tails, also where only one of them fails.
 *
 * @param runs of the baseline, at least 2
 * @param comparisons metrics that are compared in this way
 */
export function toleranceFactor(runs: number, comparisons: number, falseAlarmRate: number): number {
  return studentQuantile(falseAlarmRate / Math.max(1, comparisons), runs - 1) * Math.sqrt(1 + 1 / runs);
}

/** What passes: lowest <= value <= highest; null where there is no limit. */
export interface Interval {
  lowest: number | null;
  highest: number | null;
}

/** mean ± factor · deviation, without the limit on the side where a metric gets better. */
export function toleranceInterval(values: readonly number[], factor: number, direction: Direction): Interval {
  const center = mean(values);
  const reach = factor * deviation(values);
  return {
    lowest: direction === 'lower' ? null : center - reach,
    highest: direction === 'higher' ? null : center + reach,
  };
}
