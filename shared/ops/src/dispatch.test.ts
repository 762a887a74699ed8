import * as tf from '@tensorflow/tfjs-core';
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { combine, dispatch } from './dispatch.ts';
import { groupedLinears } from './grouped-linear.ts';
import { sortByExpert } from './sort-by-expert.ts';
import { withoutReads } from './testing/without-reads.ts';
import { topK } from './top-k.ts';

const backends = ['cpu', 'wasm', ...(nativeBuild().available ? (['native'] as const) : [])] as const;

describe.each(backends)('routing on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('of equal numbers the first are the largest', () => {
    const { values, indices } = topK(
      tf.tensor2d([
        [1, 3, 3, 0, 3],
        [0, 0, 0, 0, 0],
        [-1, -2, -1, 5, 5],
      ]),
      3,
    );
    expect(indices.arraySync()).toEqual([
      [1, 2, 4],
      [0, 1, 2],
      [3, 4, 0],
    ]);
    expect(values.arraySync()).toEqual([
      [3, 3, 3],
      [0, 0, 0],
      [5, 5, -1],
    ]);
    expect(indices.dtype).toBe('int32');
  });

  test('tokens are sorted by expert in their order, and experts that none chose have no rows', () => {
    const choices = tf.tensor2d(
      [
        [2, 0],
        [0, 3],
        [2, 0],
      ],
      [3, 2],
      'int32',
    );
    const routes = withoutReads(() => sortByExpert(choices, 5));
    expect(routes.offsets.arraySync()).toEqual([0, 3, 3, 5, 6, 6]);
    expect(routes.slots.arraySync()).toEqual([
      [3, 0],
      [1, 5],
      [4, 2],
    ]);
    expect([...routes.load.dataSync()]).toEqual([3, 0, 2, 1, 0].map((rows) => Math.fround(rows / 3)));
    const x = tf.tensor2d([10, 20, 30], [3, 1]);
    expect([...dispatch(x, routes).dataSync()]).toEqual([10, 20, 30, 10, 30, 20]);
    expect([...combine(dispatch(x, routes), routes).dataSync()]).toEqual([20, 40, 60]);
  });

  test('what the sort makes has no gradient: a loss may use it beside the probabilities that it came from', () => {
    const lossOf = (x: tf.Tensor) => {
      const { values, indices } = topK(x, 1);
      return tf.sum(tf.mul(values, tf.cast(sortByExpert(indices, 3).slots, 'float32'))) as tf.Scalar;
    };
    const x = tf.tensor2d([0, 2, 1, 5, 3, 4], [2, 3]); // which choose the experts 1 and 0, whose rows are 1 and 0
    expect(tf.grad(lossOf)(x).arraySync()).toEqual([
      [0, 1, 0],
      [0, 0, 0],
    ]);
  });

  test('no rows at all give no rows, and gradients of zero', () => {
    const offsets = tf.tensor1d([0, 0, 0], 'int32');
    const weight = tf.ones([2, 3, 4]);
    const run = (x: tf.Tensor, w: tf.Tensor) => groupedLinears(x, [w], offsets)[0]!;
    const x = tf.zeros([0, 4]);
    expect(run(x, weight).shape).toEqual([0, 3]);
    const [dX, dWeight] = tf.grads(run)([x, weight], tf.zeros([0, 3])) as [tf.Tensor, tf.Tensor];
    expect(dX.shape).toEqual([0, 4]);
    expect(dWeight.dataSync()).toEqual(new Float32Array(24));
  });
});

test.skipIf(!nativeBuild().available)(
  'the native kernels, which make addresses of them, refuse experts that do not exist',
  async () => {
    await useBackend('native');
    const choices = tf.tensor2d([[0, 4]], [1, 2], 'int32');
    expect(() => sortByExpert(choices, 4)).toThrow(/SortByExpert: choices\[1\] is 4, not from 0 to 3/);
  },
);
