/** @file Tests of the time of a training. */
import { expect, test } from 'vitest';
import { trainingSeconds } from './training-time.ts';

const seconds = (steps: number, every: number) =>
  trainingSeconds({ steps, validation: { every, rows: 16 } }, { step: 0.1, validation: 0.5 });

test('a training takes the time of its steps, and of a validation after every so many and after the last', () => {
  expect(seconds(200, 50) - seconds(100, 25)).toBeCloseTo(100 * 0.1, 9);
  expect(seconds(100, 30) - seconds(100, 100)).toBeCloseTo(3 * 0.5, 9); // after 30, 60, 90 and 100 steps
});
