/** @file Values as formats leave them, on the backend webgpu: those of the quantizers, but for what float32 says otherwise than float64. */
import { useBackend } from '@arrowsmith/engine';
import { fakeQuantize } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { nearestValues } from './fake-quantization.ts';
import { formatNamed, numberFormats } from './formats/index.ts';

beforeAll(() => useBackend('webgpu'));

const COLUMNS = 256;

/** Numbers in (−1, 1), the same each time. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) / 2 ** 31;
}

/** Rows as weights are, of all sizes that half-precision scales bear, of one sign, and of zeros. */
function rowsOf(): Float32Array {
  const next = uniform(7);
  const rows = [
    ...Array.from({ length: 24 }, () => () => 0.05 * (next() + next() + next())),
    () => 1e-3 * next(),
    () => 60_000 * next(),
    () => 1 + next(),
    () => next() - 1,
    () => 0,
  ];
  return Float32Array.from(rows.flatMap((value) => Array.from({ length: COLUMNS }, value)));
}

async function rounded(format: string, values: Float32Array): Promise<Float32Array> {
  const result = fakeQuantize(tf.tensor2d(values, [values.length / COLUMNS, COLUMNS]), format, () => {
    throw new Error('the reference was asked');
  });
  return (await result.data<'float32'>()).slice();
}

test.each([...numberFormats.keys()])('to %s', async (format) => {
  const values = rowsOf();
  const [found, expected] = [await rounded(format, values), nearestValues(format, values, COLUMNS)];
  const equal = expected.filter((x, i) => x === found[i]).length;
  // Of scales that are tried two may be as good, and a number may be half way between two of the format.
  const isExact = ['f32', 'f16', 'bf16'].includes(format);
  expect(equal / expected.length).toBeGreaterThanOrEqual(isExact ? 1 : 0.99);
  for (let first = 0; first < values.length; first += COLUMNS) {
    const error = (of: Float32Array) =>
      values.subarray(first, first + COLUMNS).reduce((sum, x, i) => sum + (of[first + i]! - x) ** 2, 0);
    expect(error(found)).toBeLessThanOrEqual(1.01 * error(expected) + 1e-12);
  }
  // Of equal numbers every scale is as good, and all of them are near.
  const equalNumbers = new Float32Array(COLUMNS).fill(-0.3);
  const [constant, near] = [await rounded(format, equalNumbers), nearestValues(format, equalNumbers, COLUMNS)];
  for (const [i, x] of constant.entries()) expect(Math.abs(x - near[i]!)).toBeLessThan(0.3 * 2 ** -8);
});

test.each(['bf16', 'f16', 'int8', 'int4-g32', 'Q4_1', 'Q4_K'])(
  'of what no number of %s stands for, its whole block is none, and nothing else',
  async (format) => {
    const values = Float32Array.from({ length: 2 * COLUMNS }, (_, i) => (i === 40 ? NaN : i === 300 ? Infinity : 0.1));
    const isNone = (of: Float32Array) => Array.from(of, Number.isNaN);
    expect(isNone(await rounded(format, values))).toEqual(isNone(nearestValues(format, values, COLUMNS)));
  },
);

test('rows that are no whole number of blocks are an error that says so', () => {
  expect(formatNamed('Q4_0').blockSize).toBe(32);
  expect(() => fakeQuantize(tf.zeros([2, 33]), 'Q4_0', (x) => x)).toThrow(
    "rows of 33 are no whole number of Q4_0's blocks of 32",
  );
});
