/** @file Tests of the tokenizer's parameters. */

import { expect, test } from 'vitest';
import * as z from 'zod';
import { tokenizerParameters } from './parameters.ts';

test('every parameter has a default, but for the number of threads', () => {
  expect(tokenizerParameters.parse({})).toEqual({
    vocabularySize: 4096,
    minimumFrequency: 2,
    pattern: 'gpt2',
    tieBreak: 'smallerIds',
    specialTokens: ['<|endoftext|>'],
  });
});

test('every parameter has a description', () => {
  const { properties } = z.toJSONSchema(tokenizerParameters);
  expect(
    Object.values(properties ?? {}).every((property) => typeof property === 'object' && property.description),
  ).toBe(true);
});

test.each([
  { vocabularySize: 255 },
  { minimumFrequency: 0 },
  { pattern: 'gpt4' },
  { tieBreak: 'first' },
  { threads: 0 },
  { specialTokens: [''] },
  { size: 1 },
])('refuses %j', (parameters) => {
  expect(tokenizerParameters.safeParse(parameters).success).toBe(false);
});
