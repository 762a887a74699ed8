/** @file Training speed by intervals of steps. */
import { expect, test } from 'vitest';
import { speedColumns, type StepTime } from './speed.ts';

const times = (steps: number, first = 1): StepTime[] =>
  Array.from({ length: steps }, (_, i) => ({ step: first + i, tokens: 100, seconds: 0.5 }));

const valuesOf = (steps: readonly StepTime[]): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(speedColumns(steps)).map(([name, { values }]) => [name, Array.from(values as Float64Array)]),
  );

test('few steps are an interval each, wherever the run began', () => {
  expect(valuesOf(times(3, 41))).toEqual({ step: [41, 42, 43], tokens: [100, 100, 100], seconds: [0.5, 0.5, 0.5] });
});

test('many steps are at most 512 intervals that lose no time and no token', () => {
  const { step, tokens, seconds } = valuesOf(times(10_001));
  expect(step).toHaveLength(501);
  expect(step!.slice(0, 2)).toEqual([20, 40]);
  expect(step!.at(-1)).toBe(10_001);
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  expect(total(tokens!)).toBe(1_000_100);
  expect(total(seconds!)).toBe(5_000.5); // sums of halves are exact
});

test('a run that was resumed after its last step has no times', () => {
  expect(valuesOf([])).toEqual({ step: [], tokens: [], seconds: [] });
});
