/**
 * @file Matrices in every format on the backend webgpu: what they stand for, to the bit; products with them, and gradients, beside those of these numbers;
 * and that a row's result does not depend on the others of a call.
 */
import { useBackend } from '@arrowsmith/engine';
import {
  embedding,
  freeze,
  gatedFeedForward,
  groupedLinears,
  linear,
  linearAdd,
  linearCrossEntropy,
  linears,
  multipliesStored,
  storedMatrix,
  tokenLosses,
  type StoredMatrix,
  type Weight,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { formatNamed, numberFormats } from './formats/index.ts';
import { storeAs } from './store-as.ts';
import { decodeStored } from './weight-formats.ts';

beforeAll(() => useBackend('webgpu'));

/** Uniform in [0, 1), by a generator of Lehmer's. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function valuesOf(shape: readonly number[], seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, () => 2 * next() - 1);
}
const tensorOf = (shape: number[], seed: number): tf.Tensor => tf.tensor(valuesOf(shape, seed), shape);

const numbersOf = async (x: tf.Tensor): Promise<Float32Array> => (await x.data<'float32'>()).slice();
const bitsOf = async (x: tf.Tensor): Promise<Uint32Array> => new Uint32Array((await numbersOf(x)).buffer);

/** A matrix in a format, and as the tensor of its values. */
function pair(format: string, shape: number[], seed: number): { stored: StoredMatrix; tensor: tf.Tensor } {
  const stored = storeAs(format, { shape, data: valuesOf(shape, seed) }, 'matrix');
  return { stored: storedMatrix(format, shape, stored.bytes), tensor: tf.tensor(decodeStored(stored), shape) };
}

/** Sums of at most 256 terms of around 1, in other orders. */
const TOLERANCE = 1e-5;

async function expectClose(found: tf.Tensor, expected: tf.Tensor): Promise<void> {
  expect(found.shape).toEqual(expected.shape);
  const [a, b] = [await numbersOf(found), await numbersOf(expected)];
  const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const difference = b.reduce((most, x, i) => Math.max(most, Math.abs(x - a[i]!)), 0);
  expect(difference).toBeLessThan(TOLERANCE * largest);
}

/** Bytes of any numbers of a format that are finite, and no smaller than processors of graphics may take for 0. */
function anyBytes(format: string, rows: number, columns: number): { bytes: Uint8Array; values: Float32Array } {
  const { blockSize, bytes: bytesOf, dequantize } = formatNamed(format);
  const next = random(7);
  const byte = () => Math.floor(256 * next());
  const isUsual = (x: number) => Number.isFinite(x) && (x === 0 || Math.abs(x) >= 2 ** -126);
  if (format === 'int8') {
    const scales = Float32Array.from({ length: rows }, () => next() ** 9);
    const bytes = new Uint8Array([...new Uint8Array(scales.buffer), ...Array.from({ length: rows * columns }, byte)]);
    return { bytes, values: dequantize(bytes, columns) };
  }
  const blocks = Array.from({ length: (rows * columns) / blockSize }, () => {
    for (;;) {
      const block = Uint8Array.from({ length: bytesOf(1, blockSize) }, byte);
      const values = dequantize(block, blockSize);
      if (values.every(isUsual)) return { block, values };
    }
  });
  return {
    bytes: Uint8Array.from(blocks.flatMap(({ block }) => [...block])),
    values: Float32Array.from(blocks.flatMap(({ values }) => [...values])),
  };
}

/** Length of short rows: any where numbers stand alone. */
const shortRow = (format: string): number => (formatNamed(format).blockSize === 1 ? 37 : formatNamed(format).blockSize);

test.each([...numberFormats.keys()])(
  '%s stands for the numbers that are decoded elsewhere, to the bit',
  async (format) => {
    expect(multipliesStored(format)).toBe(true);
    const [rows, columns] = [5, 3 * shortRow(format)];
    const { bytes, values } = anyBytes(format, rows, columns);
    const ids = [4, 0, 3, 1, 2];
    const table = storedMatrix(format, [rows, columns], bytes);
    const found = await bitsOf(embedding(table, tf.tensor1d(ids, 'int32')));
    const words = new Uint32Array(values.buffer);
    const expected = ids.flatMap((row) => [...words.subarray(row * columns, (row + 1) * columns)]);
    expect(found).toEqual(Uint32Array.from(expected));
  },
);

/** One of each kind: what differs between the rest is how four numbers are read, which is tested above. SwiftShader compiles each shader for a second. */
describe.each(['f32', 'bf16', 'int8', 'Q4_K'])('%s on webgpu', (format) => {
  const d = shortRow(format);
  const f = 2 * d;

  test('a row’s product has the same bits whatever other rows there are', async () => {
    const { stored, tensor } = pair(format, [45, f], 1);
    const x = tensorOf([43, f], 2);
    const whole = linear(x, stored);
    await expectClose(whole, tf.matMul(x, tensor, false, true));
    const expected = await bitsOf(whole);
    for (const [from, count] of [
      [0, 1],
      [40, 3],
      [5, 8],
      [7, 9],
    ] as const) {
      const part = await bitsOf(linear(tf.slice(x, [from, 0], [count, f]), stored));
      expect(part).toEqual(expected.subarray(45 * from, 45 * (from + count)));
    }
  });

  test('rows of groups have the bits of their matrix’s products', async () => {
    const stack = pair(format, [3, 6, f], 1);
    const offsets = tf.tensor1d([0, 2, 2, 36], 'int32');
    const x = tensorOf([36, f], 2);
    const found = await bitsOf(groupedLinears(x, [stack.stored], offsets)[0]);
    const few = groupedLinears(tf.slice(x, [0, 0], [3, f]), [stack.stored], tf.tensor1d([0, 2, 2, 3], 'int32'))[0];
    expect(await bitsOf(few)).toEqual(found.subarray(0, 18));
    const matrices = tf.unstack(stack.tensor);
    const expected = [
      tf.matMul(tf.slice(x, [0, 0], [2, f]), matrices[0]!, false, true),
      tf.matMul(tf.slice(x, [2, 0], [34, f]), matrices[2]!, false, true),
    ];
    await expectClose(tf.tensor(new Float32Array(found.buffer), [36, 6]), tf.concat(expected));
  });

  test('feed-forward networks, projections of heads and residuals', async () => {
    const [gate, up, down] = [pair(format, [f, d], 1), pair(format, [f, d], 2), pair(format, [d, f], 3)] as const;
    const [x, residual] = [tensorOf([2, 5, d], 4), tensorOf([2, 5, d], 5)];
    const network = (weights: Parameters<typeof gatedFeedForward>[1]) =>
      gatedFeedForward(x, weights, { activation: 'gelu-tanh', residual });
    const found = network({ gate: gate.stored, up: up.stored, down: down.stored });
    await expectClose(found, network({ gate: gate.tensor, up: up.tensor, down: down.tensor }));
    const projection = pair(format, [6, d], 6);
    const [heads] = linears(x, [projection.stored], { headDim: 3 });
    await expectClose(heads, linears(x, [projection.tensor], { headDim: 3 })[0]);
    const square = pair(format, [d, d], 7);
    await expectClose(linearAdd(x, square.stored, residual), linearAdd(x, square.tensor, residual));
  });

  test('gradients through what does not learn, and losses of an output layer', async () => {
    const [q, k, output] = [pair(format, [40, d], 1), pair(format, [33, d], 2), pair(format, [50, d], 3)] as const;
    const x = tensorOf([35, d], 4);
    const targets = tf.tensor1d(
      Int32Array.from({ length: 35 }, (_, i) => (i % 4 === 3 ? -1 : (7 * i) % 50)),
      'int32',
    );
    const options = { scale: 0.7, softCap: 5 };
    const both = (a: Weight, b: Weight) => (input: tf.Tensor) =>
      tf.sum(tf.square(tf.concat([...linears(input, [a, b])], 1)));
    await expectClose(tf.grad(both(freeze(q.stored), freeze(k.stored)))(x), tf.grad(both(q.tensor, k.tensor))(x));
    const loss = (weight: Weight) => (input: tf.Tensor) => linearCrossEntropy(input, weight, targets, options);
    const [found, expected] = [
      tf.valueAndGrad(loss(freeze(output.stored)))(x),
      tf.valueAndGrad(loss(output.tensor))(x),
    ];
    await expectClose(found.value, expected.value);
    await expectClose(tf.mul(found.grad, 100), tf.mul(expected.grad, 100)); // about 1
    await expectClose(tokenLosses(x, output.stored, targets, options), tokenLosses(x, output.tensor, targets, options));
    const [first, second] = [pair(format, [3, 6, d], 5), pair(format, [3, 5, d], 6)];
    const offsets = tf.tensor1d([0, 33, 33, 35], 'int32');
    const experts = (a: Weight, b: Weight) => (input: tf.Tensor) =>
      tf.sum(tf.square(tf.concat([...groupedLinears(input, [a, b], offsets)], 1)));
    await expectClose(
      tf.grad(experts(freeze(first.stored), freeze(second.stored)))(x),
      tf.grad(experts(first.tensor, second.tensor))(x),
    );
  });
});

test('words that are not those of the matrix are an error that says so', () => {
  const words = tf.zeros([3], 'int32');
  const call = (format: string, input: number) => () =>
    linear(tf.zeros([1, input]), { format, shape: [2, input], words });
  expect(call('bf16', 5)).toThrow('kernel StoredLinear: a matrix [2, 5] in bf16 has 5 words, not 3');
  expect(call('Q4_0', 5)).toThrow('rows of 5 are no whole number of Q4_0');
  expect(call('int5', 5)).toThrow('int5 is none of the formats f32, bf16');
});
