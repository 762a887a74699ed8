import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { linear, linears } from './linear.ts';
import { swiglu } from './swiglu.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

describe.each(['cpu', 'wasm'] as const)('linear on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  // Six rows: more than half of 5 output features, fewer than half of 64.
  test.each([5, 64])('multiplies the last axis by the rows of a [%i, in] matrix', (out) => {
    const x = randomTensor([2, 3, 7], 1);
    const weight = randomTensor([out, 7], 2);
    const [xs, ws] = [x.dataSync(), weight.dataSync()];
    const expected = Array.from({ length: 6 * out }, (_, index) => {
      const [row, column] = [Math.floor(index / out), index % out];
      return Array.from({ length: 7 }, (__, i) => xs[row * 7 + i]! * ws[column * 7 + i]!).reduce(
        (sum, y) => sum + y,
        0,
      );
    });
    const actual = linear(x, weight);
    expect(actual.shape).toEqual([2, 3, out]);
    expect(relativeError(actual, expected)).toBeLessThan(1e-6); // a sum of seven float32 products
  });

  test('its gradients match finite differences', () => {
    expect(gradientError((x, w) => linear(x!, w!), [randomTensor([2, 3, 5], 3), randomTensor([4, 5], 4)])).toBeLessThan(
      GRADIENT_TOLERANCE,
    );
  });

  test('several weights give what each gives by itself, and together the gradient of x', () => {
    const x = randomTensor([2, 3, 5], 1);
    const weights = [randomTensor([4, 5], 2), randomTensor([1, 5], 3), randomTensor([20, 5], 4)];
    const values = linears(x, weights);
    expect(values.map((value) => value.arraySync())).toEqual(weights.map((w) => linear(x, w).arraySync()));
    const product = (...[a, b, c]: tf.Tensor[]) => {
      const [first, second] = linears(a!, [b!, c!]);
      return swiglu(first!, second!);
    };
    expect(gradientError(product, [x, randomTensor([4, 5], 5), randomTensor([4, 5], 6)])).toBeLessThan(
      GRADIENT_TOLERANCE,
    );
  });
});
