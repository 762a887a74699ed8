import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { linear, linears, reshape, rmsNorm, swiglu } from './index.ts';
import { runNode } from './tape.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor } from './testing/errors.ts';

/** x itself; calls back when the backward pass comes to it. */
const probe = (x: tf.Tensor, onBackward: () => void): tf.Tensor =>
  runNode({
    inputs: { x },
    forward: () => [tf.clone(x)],
    backward: ([dValue]) => {
      onBackward();
      return [tf.clone(dValue)];
    },
  })[0]!;

/** Tensors, bytes of tensors (those that share memory count each), and buffers of the backend. */
const memory = () => ({ ...tf.memory(), dataIds: tf.backend().numDataIds() });

describe.each(['cpu', 'wasm'] as const)('the backward pass on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('frees what the forward pass kept, and the gradients between operations, as it goes', () => {
    const weights = Array.from({ length: 8 }, (_, i) => randomTensor([8, 8], i));
    const gain = tf.ones([8]);
    const x = randomTensor([50, 8], 10); // activations of 50 · 8 numbers, weights of 8 · 8
    const seen: { numBytes: number; dataIds: number }[] = [];
    const chain = (...[input, ...ws]: tf.Tensor[]) =>
      tf.tidy(() =>
        ws.reduce((h, w) => {
          const y = linear(rmsNorm(reshape(tf.reshape(h, [2, 25, 8]), [50, 8]), gain, { epsilon: 1 }), w);
          return probe(swiglu(tf.add(y, y), y), () => seen.push(memory()));
        }, input!),
      );
    const before = memory();
    const gradients = tf.grads(chain)([x, ...weights], randomTensor([50, 8], 11));
    expect(seen).toHaveLength(8);
    for (let i = 1; i < 8; i++) {
      expect(seen[i]!.numBytes).toBeLessThan(seen[i - 1]!.numBytes);
      expect(seen[i]!.dataIds).toBeLessThan(seen[i - 1]!.dataIds);
    }
    tf.dispose(gradients);
    expect(memory().dataIds).toBe(before.dataIds + 1); // the gradient that was given
  });

  test('leaves the gradient that it was given intact, and nothing but the results behind', () => {
    const [x, w, dY] = [randomTensor([3, 4], 1), randomTensor([4, 4], 2), randomTensor([3, 4], 3)];
    const values = Array.from(dY.dataSync());
    for (const f of [
      (...[a, b]: tf.Tensor[]) => linear(a!, b!),
      (...[a, b]: tf.Tensor[]) => tf.add(linear(a!, b!), a!),
      (...[a, b]: tf.Tensor[]) => reshape(linear(a!, b!), [3, 4]),
      (...[a, b]: tf.Tensor[]) => tf.reshape(linear(a!, b!), [3, 4]),
    ]) {
      const before = memory();
      const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => tf.tidy(() => f(...xs)))([x, w], dY);
      expect(memory().numTensors).toBe(before.numTensors + 3);
      expect(Array.from(dY.dataSync())).toEqual(values);
      tf.dispose([value, ...grads]);
      expect(memory()).toEqual(before);
    }
  });

  test('sums the gradients of a tensor that is used more than once', () => {
    const weights = [randomTensor([4, 4], 1), randomTensor([4, 4], 2)];
    const residual = (x: tf.Tensor) => {
      const attended = tf.add(x, linear(x, weights[0]!));
      return tf.add(attended, tf.add(linear(attended, weights[1]!), x));
    };
    expect(gradientError((x) => residual(x!), [randomTensor([3, 4], 3)])).toBeLessThan(GRADIENT_TOLERANCE);
    const [w] = weights;
    const twice = tf.grad((x: tf.Tensor) => tf.add(linear(x, w!), linear(x, w!)))(tf.ones([1, 4]));
    const once = tf.grad((x: tf.Tensor) => linear(x, w!))(tf.ones([1, 4]));
    expect(twice.arraySync()).toEqual(tf.mul(once, 2).arraySync());
  });

  test('treats a value that the result does not depend on as one with a gradient of zeros', () => {
    const [x, unused, used] = [randomTensor([2, 3], 1), randomTensor([5, 3], 2), randomTensor([4, 3], 3)];
    const [dX, dUnused, dUsed] = tf.grads((...[a, ...ws]: tf.Tensor[]) => linears(a!, ws)[1]!)([x, unused, used]);
    const [dXAlone, dUsedAlone] = tf.grads((...[a, b]: tf.Tensor[]) => linear(a!, b!))([x, used]);
    expect(dX!.arraySync()).toEqual(dXAlone!.arraySync());
    expect(dUsed!.arraySync()).toEqual(dUsedAlone!.arraySync());
    expect(Math.max(...dUnused!.dataSync().map(Math.abs))).toBe(0);
  });

  test('frees what was kept for values that the result does not depend on', () => {
    const [x, w] = [randomTensor([2, 3], 1), randomTensor([3, 3], 2)];
    const before = memory();
    const gradient = tf.grad((a: tf.Tensor) =>
      tf.tidy(() => {
        linear(linear(a, w), w);
        return linear(a, w);
      }),
    )(x);
    gradient.dispose();
    expect(memory()).toEqual(before);
  });

  test('of reshape has the shape of its input, and keeps no tensor for it', () => {
    const x = randomTensor([2, 6], 1);
    let kept = 0;
    const dX = tf.grad((a: tf.Tensor) => {
      const before = tf.memory().numTensors;
      const value = tf.tidy(() => reshape(a, [3, -1]));
      kept = tf.memory().numTensors - before - 1;
      return value;
    })(x, tf.reshape(tf.range(0, 12), [3, 4]));
    expect(kept).toBe(0);
    expect(dX.arraySync()).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11],
    ]);
  });
});
