import { expect, test } from 'vitest';
import { readFlags, wholeNumber } from './flags.ts';

const options = {
  pipeline: { type: 'string', default: 'ci' },
  seed: { type: 'string' },
  'any-backend': { type: 'boolean', default: false },
} as const;

test('flags are read, with their defaults', () => {
  expect(readFlags('regression', ['--seed=7', '--any-backend'], options)).toEqual({
    pipeline: 'ci',
    seed: '7',
    'any-backend': true,
  });
});

test.each([
  [
    'an unknown flag',
    ['--sed=7'],
    /regression: Unknown option '--sed'[^]*expected: +--pipeline=…, --seed=…, --any-backend/,
  ],
  ['a word that is no flag', ['ci'], /regression: Unexpected argument 'ci'/],
  ['a flag without its value', ['--seed'], /regression: Option '--seed <value>' argument missing/],
])('%s', (_, args, message) => {
  expect(() => readFlags('regression', args, options)).toThrow(message);
});

test.each(['', '1', 'many', '-3', '2.5', '1e3', '99999999999999999999'])('"%s" is no number of seeds', (text) => {
  expect(() => wholeNumber('seeds', text, 2)).toThrow(/--seeds=[^]*expected: +a whole number from 2/);
});

test('a number of seeds', () => {
  expect(wholeNumber('seeds', '12', 2)).toBe(12);
});
