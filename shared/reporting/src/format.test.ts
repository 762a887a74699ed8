import { expect, test } from 'vitest';
import { formatCount, formatName, formatNumber, formatPlain } from './format.ts';

test('numbers are written for people: whole ones in full, others with significant digits', () => {
  const written = [0, 1_234_567, 0.20719, 1234.56, -3.14159, 1.23e-7, 1e20, NaN, Infinity, -Infinity].map((value) =>
    formatNumber(value),
  );
  expect(written).toEqual([
    '0',
    '1,234,567',
    '0.2072',
    '1,235',
    '-3.142',
    '1.23e-7',
    '100,000,000,000,000,000,000',
    'NaN',
    '∞',
    '−∞',
  ]);
});

test('plain numbers are read back by Number, to six digits', () => {
  for (const value of [0, 1, -1, 4_096_000, 0.123456789, 1.5e-12, 6.02214076e23])
    expect(Number(formatPlain(value))).toBe(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
});

test('counts are shortened by thousands', () => {
  expect([999, 9_999, 41_000, 1_049_728, 328e6, 2.7e9].map(formatCount)).toEqual([
    '999',
    '9,999',
    '41.0 k',
    '1.05 M',
    '328 M',
    '2.70 G',
  ]);
});

test('names of columns become words', () => {
  expect(['bitsPerByte', 'position-losses', 'topK', 'p95Loss', 'loss1of4'].map(formatName)).toEqual([
    'bits per byte',
    'position losses',
    'top k',
    'p95 loss',
    'loss 1 of 4',
  ]);
});
