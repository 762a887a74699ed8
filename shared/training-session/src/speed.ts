/** @file How fast training went along its steps. */
import { type Column, numbers } from '@arrowsmith/artifacts';

/** The time that an optimizer step took. */
export interface StepTime {
  step: number;
  /** Predicted in the step, padding included. */
  tokens: number;
  seconds: number;
}

/** Rows of the table: enough for a curve, and few enough to keep with every run. */
const MOST_INTERVALS = 512;

/** The columns of `trainingSpeedTable`: intervals of equally many steps, but for the last one. */
export function speedColumns(times: readonly StepTime[]): Record<string, Column> {
  const length = Math.max(1, Math.ceil(times.length / MOST_INTERVALS));
  const intervals = Array.from({ length: Math.ceil(times.length / length) }, (_, i) =>
    times.slice(i * length, (i + 1) * length),
  );
  const sum = (of: (time: StepTime) => number) =>
    numbers(Float64Array.from(intervals, (interval) => interval.reduce((total, time) => total + of(time), 0)));
  return {
    step: numbers(Int32Array.from(intervals, (interval) => interval.at(-1)!.step)),
    tokens: sum(({ tokens }) => tokens),
    seconds: sum(({ seconds }) => seconds),
  };
}
