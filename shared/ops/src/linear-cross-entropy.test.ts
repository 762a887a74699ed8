import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { linearCrossEntropy } from './linear-cross-entropy.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';
import { tokenLosses } from './token-losses.ts';

/** −ln softmax(x Wᵀ)[target] of each row in float64, 0 for a target of −1. */
function expectedLosses(x: tf.Tensor, weight: tf.Tensor, targets: readonly number[]): number[] {
  const [rows, columns] = [x.arraySync() as number[][], weight.arraySync() as number[][]];
  return targets.map((target, i) => {
    if (target === -1) return 0;
    const logits = columns.map((column) => column.reduce((sum, w, j) => sum + w * rows[i]![j]!, 0));
    const largest = Math.max(...logits);
    return largest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0)) - logits[target]!;
  });
}

const targets = [3, 0, -1, 8, -1, 3, 5];
const int32 = (values: number[]) => tf.tensor1d(values, 'int32');
const taped = (x: tf.Tensor, weight: tf.Tensor, ids: number[]) =>
  tf.valueAndGrads((...[h, w]: tf.Tensor[]) => linearCrossEntropy(h!, w!, int32(ids)) as tf.Scalar)([x, weight]);

describe.each(['cpu', 'wasm'] as const)('the output layer on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  // A scale of 30 makes logits of ±100, whose exponentials overflow float32; it tests numerical stability.
  test.each([1, 30])('token losses match the formula in float64, weights scaled by %i', (scale) => {
    const [x, weight] = [randomTensor([7, 4], 1), tf.mul(randomTensor([9, 4], 2), scale)];
    expect(relativeError(tokenLosses(x, weight, int32(targets)), expectedLosses(x, weight, targets))).toBeLessThan(
      1e-6,
    );
  });

  test.each([1, 30])(
    'the loss is the mean over targets that count, on and off a gradient tape, scaled by %i',
    (scale) => {
      const [x, weight] = [randomTensor([7, 4], 1), tf.mul(randomTensor([9, 4], 2), scale)];
      const expected = expectedLosses(x, weight, targets).reduce((sum, loss) => sum + loss, 0) / 5;
      expect(relativeError(linearCrossEntropy(x, weight, int32(targets)), [expected])).toBeLessThan(1e-6);
      expect(relativeError(taped(x, weight, targets).value, [expected])).toBeLessThan(1e-6);
    },
  );

  test('its gradients match finite differences', () => {
    expect(
      gradientError(
        (x, weight) => linearCrossEntropy(x!, weight!, int32(targets)),
        [randomTensor([7, 4], 3), randomTensor([9, 4], 4)],
      ),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test('rows without a target have no gradient, and all without make a loss of 0', () => {
    const [x, weight] = [randomTensor([7, 4], 5), randomTensor([9, 4], 6)];
    const dX = taped(x, weight, targets).grads[0]!.arraySync() as number[][];
    expect(dX[2]).toEqual([0, 0, 0, 0]);
    expect(dX[4]).toEqual([0, 0, 0, 0]);
    const none = taped(
      x,
      weight,
      targets.map(() => -1),
    );
    expect(none.value.dataSync()[0]).toBe(0);
    expect(Math.max(...none.grads[1]!.dataSync())).toBe(0);
  });
});

test('a vocabulary so large that rows go in chunks gives the same as each row by itself', async () => {
  await useBackend('wasm');
  const [x, weight] = [randomTensor([5, 3], 7), randomTensor([2 ** 21 - 7, 3], 8)]; // two rows a chunk
  const ids = [17, 2 ** 20, -1, 0, 5];
  const { value, grads } = taped(x, weight, ids);
  const losses = Array.from(tokenLosses(x, weight, int32(ids)).dataSync());
  for (const i of [0, 1, 3, 4]) {
    const single = taped(tf.slice(x, [i, 0], [1, 3]), weight, [ids[i]!]);
    expect(single.value.dataSync()[0]).toBeCloseTo(losses[i]!, 5);
    const expected = Array.from(tf.div(single.grads[0]!, 4).dataSync()); // four targets share the mean
    expect(relativeError(tf.slice(grads[0]!, [i, 0], [1, 3]), expected)).toBeLessThan(1e-5); // sums of 2M float32 terms
    tf.dispose([single.value, ...single.grads]);
  }
  expect(value.dataSync()[0]).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 4, 5);
});
