/** @file What a model sees must be what the data show. */
import { expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { checkVision } from './data.ts';
import { trainSplit } from './testing/tiny-run.ts';

const vision = { patchSize: 4, channels: 3, patches: 16 };

test.each([
  ['pictures for a model without vision', vision, null, /expected: +text without pictures\n +found: +pictures of 16/],
  ['text for a model that sees', undefined, vision, /expected: +pictures of 16 patches[^]*found: +text without/],
  ['larger patches', { ...vision, patchSize: 8 }, vision, /each 4 × 4 in 3 channels[^]*found: +.*each 8 × 8/],
])('refuses %s', (_, ofData, ofModel, message) => {
  const rows = { ...trainSplit, ...(ofData && { vision: ofData }) };
  expect(() => checkVision(rows, ofModel)).toThrow(UserError);
  expect(() => checkVision(rows, ofModel)).toThrow(message);
});

test('accepts the pictures that the model was made for, and text for a model of text', () => {
  expect(() => checkVision({ ...trainSplit, vision: { ...vision } }, vision)).not.toThrow();
  expect(() => checkVision(trainSplit, null)).not.toThrow();
});
