import { expect, test } from 'vitest';
import { frontier } from './compare.ts';

test('the frontier has what nothing as small, or smaller, loses less than, the smallest first', () => {
  const models = [
    { name: 'whole', bytes: 100, bitsPerByte: 1 },
    { name: 'good', bytes: 40, bitsPerByte: 1.1 },
    { name: 'as large, worse', bytes: 40, bitsPerByte: 1.2 },
    { name: 'larger, as good', bytes: 50, bitsPerByte: 1.1 },
    { name: 'small', bytes: 20, bitsPerByte: 2 },
    { name: 'smaller, infinite', bytes: 10, bitsPerByte: Infinity },
  ];
  expect(frontier(models).map(({ name }) => name)).toEqual(['smaller, infinite', 'small', 'good', 'whole']);
  const equal = [models[0]!, { ...models[0]!, name: 'the same' }];
  expect(frontier(equal)).toHaveLength(2);
});
