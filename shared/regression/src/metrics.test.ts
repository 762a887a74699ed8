/** @file Tests of what the gate calls a metric. */
import { expect, test } from 'vitest';
import { labelOf } from './metrics.ts';

test.each([
  ['train.validationLoss', 'validation loss (train)'],
  ['train.loss1of4', 'loss 1 of 4 (train)'],
  ['evaluate.small-int8.bitsPerByte', 'bits per byte of small-int8 (evaluate)'],
  ['evaluate.heldOutSeen8grams', 'held out seen 8grams (evaluate)'],
])('%s is called %j', (name, label) => {
  expect(labelOf(name)).toBe(label);
});
