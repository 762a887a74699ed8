/** @file Operations on stored matrices, against the same on the float32 values that the bytes stand for. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  embedding,
  gatedFeedForward,
  groupedLinears,
  linear,
  linearAdd,
  linears,
  logits,
  multipliesStored,
  storedMatrix,
  type Weight,
} from './index.ts';
import { randomTensor } from './testing/errors.ts';

/** A matrix in a format, and as the tensor of its values. */
const formats = {
  f32(_shape: number[], values: Float32Array) {
    return { bytes: new Uint8Array(values.buffer), values };
  },
  bf16(_shape: number[], values: Float32Array) {
    const halves = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);
    return {
      bytes: new Uint8Array(halves.buffer),
      values: new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer),
    };
  },
  int8(shape: number[], values: Float32Array) {
    const columns = shape.at(-1)!;
    const scales = Float32Array.from({ length: values.length / columns }, (_, row) => (row + 1) / 300);
    const integers = Int8Array.from(values, (value, i) => 60 * value + (i % 3));
    const stands = Float32Array.from(integers, (integer, i) => integer * scales[Math.floor(i / columns)]!);
    return {
      bytes: Buffer.concat([new Uint8Array(scales.buffer), new Uint8Array(integers.buffer)]),
      values: stands,
    };
  },
};

describe.runIf(resolveBackend('auto') === 'native')('on native', () => {
  beforeAll(() => useBackend('native'));

  describe.each(Object.keys(formats) as (keyof typeof formats)[])('in %s', (format) => {
    const pair = (shape: number[], seed: number): { stored: Weight; tensor: tf.Tensor } => {
      const { bytes, values } = formats[format](shape, randomTensor(shape, seed).dataSync<'float32'>().slice());
      return { stored: storedMatrix(format, shape, bytes), tensor: tf.tensor(values, shape) };
    };
    const expectClose = (a: tf.Tensor, b: tf.Tensor) => {
      expect(a.shape).toEqual(b.shape);
      const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!;
      expect(largest(tf.sub(a, b))).toBeLessThan(1e-5 * Math.max(1, largest(b))); // float32 sums in other orders
    };

    test('linear maps, also of heads, and onto a residual', () => {
      const [a, b] = [pair([12, 20], 1), pair([6, 20], 2)];
      const x = randomTensor([2, 3, 20], 3);
      const [ya, yb] = linears(x, [a.stored, b.stored], { headDim: 6 });
      const [za, zb] = linears(x, [a.tensor, b.tensor], { headDim: 6 });
      expectClose(ya, za);
      expectClose(yb, zb);
      const heads = tf.reshape(x, [2, 3, 4, 5]);
      const residual = randomTensor([2, 3, 12], 4);
      expectClose(linearAdd(heads, a.stored, residual), linearAdd(heads, a.tensor, residual));
      expectClose(linear(x, b.stored), linear(x, b.tensor));
      // Some stored, some not.
      const [mixed, plain] = linears(x, [a.stored, b.tensor]);
      expectClose(mixed, linear(x, a.tensor));
      expectClose(plain, linear(x, b.tensor));
      expectClose(logits(x, a.stored, { scale: 0.5, softCap: 3 }), logits(x, a.tensor, { scale: 0.5, softCap: 3 }));
    });

    test.each(['silu', 'gelu-tanh'] as const)('feed-forward networks with %s', (activation) => {
      const [gate, up, down] = [pair([40, 20], 1), pair([40, 20], 2), pair([20, 40], 3)];
      const [x, residual] = [randomTensor([1, 7, 20], 4), randomTensor([1, 7, 20], 5)];
      for (const options of [{ activation }, { activation, residual }]) {
        const expected = gatedFeedForward(x, { gate: gate.tensor, up: up.tensor, down: down.tensor }, options);
        const [a, b, c] = [gate.stored, up.stored, down.stored];
        expectClose(gatedFeedForward(x, { gate: a, up: b, down: c }, options), expected);
        expectClose(gatedFeedForward(x, { gate: a, up: b, down: down.tensor }, options), expected);
      }
    });

    test('embeddings and the maps of experts', () => {
      const table = pair([9, 8], 1);
      const ids = tf.tensor2d([3, 8, 0, 3], [2, 2], 'int32');
      expect(embedding(table.stored, ids).arraySync()).toEqual(embedding(table.tensor, ids).arraySync());
      const stack = pair([3, 10, 8], 2);
      const offsets = tf.tensor1d([0, 2, 2, 5], 'int32');
      const x = randomTensor([5, 8], 3);
      expectClose(groupedLinears(x, [stack.stored], offsets)[0], groupedLinears(x, [stack.tensor], offsets)[0]);
    });
  });

  test('formats are those of the kernels', () => {
    expect(['f32', 'bf16', 'int8', 'int3'].map(multipliesStored)).toEqual([true, true, true, false]);
  });
});

test('a backend without kernels for stored matrices says so', async () => {
  await useBackend('cpu');
  expect(multipliesStored('f32')).toBe(false);
  expect(() => storedMatrix('f32', [2, 2], new Uint8Array(16))).toThrow('"cpu" multiplies no stored matrices');
});
