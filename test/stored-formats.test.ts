/** @file Every number format as native kernels read it: the values that it is decoded to here, to the bit. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { embedding, linear, multipliesStored, storedMatrix } from '@arrowsmith/ops';
import { decodeStored, numberFormats, storeAs } from '@arrowsmith/quantization';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

const [ROWS, COLUMNS] = [40, 256];

/** Values like weights, with some far from the others; the same each time. */
function weights(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + (i % 7)) * (i % 97 === 0 ? 0.4 : 0.05));
}

describe.runIf(resolveBackend('auto') === 'native')('stored products', () => {
  beforeAll(() => useBackend('native'));

  test.each([...numberFormats.keys()])('%s stands for the same numbers in native kernels as in artifacts', (name) => {
    expect(multipliesStored(name)).toBe(true);
    const tensor = storeAs(name, { shape: [ROWS, COLUMNS], data: weights(ROWS * COLUMNS) });
    expect(tensor.format).toBe(name);
    const decoded = decodeStored(tensor);
    const floats = new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength);
    const [stored, asFloats] = [
      storedMatrix(name, tensor.shape, tensor.bytes),
      storedMatrix('f32', tensor.shape, floats),
    ];
    const ids = tf.range(0, ROWS, 1, 'int32');
    expect(embedding(stored, ids).dataSync()).toEqual(decoded);
    for (const n of [1, 9]) {
      const x = tf.tensor2d(weights(n * COLUMNS).toReversed(), [n, COLUMNS]);
      const [product, expected] = [linear(x, stored), linear(x, asFloats)];
      const largest = tf.max(tf.abs(tf.sub(product, expected))).dataSync()[0];
      // The scale of int8's rows is multiplied with the sum, of blocks with each value.
      expect(largest).toBeLessThanOrEqual(name === 'int8' ? 1e-5 : 0);
    }
  });
});
