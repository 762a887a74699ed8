import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { bitsPerWeight, formatForRows, formatNamed, numberFormats } from './index.ts';
import { quantize } from './quantize.ts';

/** A row that every format can cut into blocks. */
const COLUMNS = 256;

/** Rows of any size, in which some values are 0, some the largest, and others far smaller. */
const row = fc
  .tuple(
    fc.array(fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1, -1, 1e-3)), {
      minLength: COLUMNS,
      maxLength: COLUMNS,
    }),
    fc.integer({ min: -8, max: 15 }),
  )
  .map(([values, exponent]) => Float32Array.from(values, (value) => value * 2 ** exponent));

/**
 * Errors where the row's largest magnitude is 1: half a step, and a whole one where there is no level for the largest value of one sign. In K-quants, a
 * group's scale has few bits itself.
 */
const BOUNDS: Readonly<Record<string, number>> = {
  f32: 0,
  f16: 2 ** -12,
  bf16: 2 ** -9,
  int8: 1 / 254,
  Q8_0: 1 / 254,
  Q5_1: 1 / 31,
  Q5_0: 1 / 16,
  Q4_1: 1 / 15,
  Q4_0: 1 / 8,
  IQ4_NL: 1 / 8,
  Q6_K: 1 / 40,
  Q5_K: 1 / 20,
  Q4_K: 1 / 10,
  Q3_K: 1 / 4,
  Q2_K: 1 / 2,
  ...Object.fromEntries(
    [8, 4, 3, 2].flatMap((bits) =>
      [32, 128].flatMap((size) => [
        [`int${bits}-g${size}`, 1 / 2 ** (bits - 1)],
        // The zero point is rounded, too.
        [`int${bits}-g${size}-asymmetric`, 2 / (2 ** bits - 1)],
      ]),
    ),
  ),
};

/** What scales in half precision add, in units of the largest value. */
const OF_HALVES = 2 ** -11;

describe.each([...numberFormats.values()])('$name', (format) => {
  const back = (values: Float32Array) => format.dequantize(quantize(format.name, values, COLUMNS), COLUMNS);

  test('keeps each value within its bound', () => {
    const bound = format.name === 'f32' ? 0 : (BOUNDS[format.name] ?? NaN) + OF_HALVES;
    fc.assert(
      fc.property(row, (values) => {
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = back(values).reduce((most, value, i) => Math.max(most, Math.abs(value - values[i]!)), 0);
        expect(error).toBeLessThanOrEqual(largest * bound);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('keeps a group of zeros with one other value', () => {
    for (const value of [1, -1]) {
      const values = new Float32Array(COLUMNS);
      values[3] = value;
      const error = back(values).reduce((most, each, i) => Math.max(most, Math.abs(each - values[i]!)), 0);
      expect(error).toBeLessThanOrEqual(0.01);
    }
  });

  test('gives finite values for any finite ones that it takes', () => {
    const any = fc.array(fc.oneof(fc.float({ min: -65504, max: 65504, noNaN: true }), fc.constantFrom(65504, -65504)), {
      minLength: COLUMNS,
      maxLength: COLUMNS,
    });
    fc.assert(
      fc.property(any, (values) => back(Float32Array.from(values)).every(Number.isFinite)),
      { seed: 1 },
    );
  });

  test('gives zeros for zeros', () => {
    expect(back(new Float32Array(2 * COLUMNS)).every((value) => value === 0)).toBe(true);
  });

  test('gives a row the values that it has alone', () => {
    const rows = Float32Array.from({ length: 3 * COLUMNS }, (_, i) => Math.sin(i * i));
    for (let i = 0; i < 3; i++) {
      const [from, to] = [i * COLUMNS, (i + 1) * COLUMNS];
      expect(back(rows).slice(from, to)).toEqual(back(rows.slice(from, to)));
    }
  });
});

const LOSSY = [...numberFormats.values()].filter(({ name }) => name !== 'f32');

describe.each(LOSSY)('$name', (format) => {
  test.each([NaN, Infinity, -Infinity])('refuses %d and says where it is', (bad) => {
    const values = new Float32Array(2 * COLUMNS).fill(0.5);
    values[COLUMNS + 7] = bad;
    const running = () => quantize(format.name, values, COLUMNS, 'model.layers.0.mlp.up_proj.weight');
    expect(running).toThrow(UserError);
    expect(running).toThrow('up_proj.weight[1, 7]');
  });
});

test('weights that half precision cannot scale are refused, and taken where scales are float32', () => {
  const values = new Float32Array(256).fill(1e5);
  for (const name of ['f16', 'Q8_0', 'Q4_K', 'int4-g32'])
    expect(() => quantize(name, values, 256, 'head')).toThrow(/too large[^]*head\[0, 0\][^]*up to 65504/);
  for (const name of ['bf16', 'int8']) expect(quantize(name, values, 256).length).toBeGreaterThan(0);
});

test('rows that are no whole number of blocks are refused by a format, and have another by rule', () => {
  expect(() => quantize('Q4_K', new Float32Array(2 * 96), 96, 'q_proj')).toThrow(
    /Q4_K[^]*q_proj[^]*a multiple of 256 values[^]*rows of 96/,
  );
  const chosen = (name: string, columns: number): string => formatForRows(name, columns).name;
  expect(chosen('Q4_K', 512)).toBe('Q4_K');
  expect(['Q6_K', 'Q5_K', 'Q4_K', 'Q3_K', 'Q2_K'].map((name) => chosen(name, 96))).toEqual([
    'Q8_0',
    'Q5_1',
    'Q5_0',
    'IQ4_NL',
    'IQ4_NL',
  ]);
  expect(['Q6_K', 'Q4_0', 'IQ4_NL', 'Q8_0'].map((name) => chosen(name, 50))).toEqual(Array(4).fill('f16'));
  expect(['int4-g128', 'int3-g128-asymmetric'].map((name) => chosen(name, 96))).toEqual([
    'int4-g32',
    'int3-g32-asymmetric',
  ]);
  expect(chosen('int2-g128', 50)).toBe('int8');
});

test('bits per weight are those of the blocks', () => {
  const bits = (name: string) => bitsPerWeight(formatNamed(name), 256);
  expect(['Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'Q3_K', 'Q2_K', 'Q4_0', 'Q4_1'].map(bits)).toEqual([
    8.5, 6.5625, 5.5, 4.5, 3.4375, 2.625, 4.5, 5,
  ]);
  expect(['f16', 'int8', 'int4-g32', 'int4-g128', 'int3-g32-asymmetric'].map(bits)).toEqual([
    16, 8.125, 4.5, 4.125, 3.75,
  ]);
});
