import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  adamW,
  attention,
  clipByGlobalNorm,
  embedding,
  linear,
  linearCrossEntropy,
  rmsNorm,
  rope,
  ropeTables,
  swiglu,
  tokenLosses,
  useBackend,
} from './index.ts';

/** Registers a kernel for the backend `fused`. */
function register(kernelName: string, kernel: (inputs: tf.NamedTensorMap, attributes: unknown) => tf.Tensor[]): void {
  tf.registerKernel({
    kernelName,
    backendName: 'fused',
    kernelFunc: ({ inputs, attrs }) => kernel(inputs as tf.NamedTensorMap, attrs),
  });
}

const norm = (...[x, weight]: tf.Tensor[]) => rmsNorm(x!, weight!, { epsilon: 0.5 });

describe('a backend that registers kernels of its own', () => {
  beforeAll(async () => {
    await useBackend('cpu');
    tf.copyRegisteredKernels('cpu', 'fused');
    tf.registerBackend('fused', () => tf.findBackend('cpu') as tf.KernelBackend);
  });
  beforeEach(() => void tf.setBackend('fused'));

  test('replaces an operation and its gradient, and hands residuals from one to the other', () => {
    const seen: unknown[] = [];
    register('RmsNorm', ({ x, weight }, attributes) => {
      seen.push(attributes);
      return [tf.mul(x!, weight!), tf.scalar(7)];
    });
    register('RmsNormGrad', ({ dValue, x, weight, residual0 }) => [
      tf.mul(dValue!, residual0!),
      tf.sum(tf.mul(x!, weight!), 0),
    ]);
    const [x, weight] = [tf.tensor2d([[1, 2], [3, 4]]), tf.tensor1d([10, 100])]; // prettier-ignore

    expect(norm(x, weight).arraySync()).toEqual([[10, 200], [30, 400]]); // prettier-ignore
    expect(seen).toEqual([{ epsilon: 0.5 }]);
    const [dX, dWeight] = tf.grads(norm)([x, weight], tf.tensor2d([[1, 2], [3, 4]])); // prettier-ignore
    expect(dX!.arraySync()).toEqual([[7, 14], [21, 28]]); // prettier-ignore
    expect(dWeight!.arraySync()).toEqual([40, 600]);
  });

  test('replaces a kernel without a gradient', () => {
    register('SquaredNorm', () => [tf.scalar(9)]);
    expect(clipByGlobalNorm([tf.ones([2])], 1).norm.dataSync()[0]).toBe(3);
  });

  test('may not replace an operation without its gradient', () => {
    register('Swiglu', ({ gate }) => [tf.clone(gate!)]);
    expect(() => swiglu(tf.ones([1]), tf.ones([1]))).toThrow(/must register both Swiglu and SwigluGrad/);
  });
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a training step of all operations leaves no tensors behind', () => {
    const weight = tf.randomUniform([6, 4], -1, 1, 'float32', 1);
    const gain = tf.ones([4]);
    const ids = tf.tensor2d([1, 2, 3], [1, 3], 'int32');
    const targets = tf.tensor1d([2, -1, 5], 'int32');
    const hidden = (w: tf.Tensor, g: tf.Tensor) =>
      tf.tidy(() => {
        const { cos, sin } = ropeTables({ length: 3, headDim: 2, theta: 100 });
        const x = rmsNorm(embedding(w, ids), g, { epsilon: 1e-5 }); // [1, 3, 4]
        const heads = rope(tf.reshape(x, [1, 3, 2, 2]), cos, sin);
        const attended = tf.reshape(attention(heads, heads, heads, { scale: 1 }), [1, 3, 4]);
        const projected = linear(tf.add(x, attended), w); // [1, 3, 6]
        return tf.reshape(linear(swiglu(projected, projected), tf.reshape(w, [4, 6])), [3, 4]);
      });
    const step = () =>
      tf.tidy(() => {
        const lossOf = (...[w, g]: tf.Tensor[]) => linearCrossEntropy(hidden(w!, g!), w!, targets) as tf.Scalar;
        const { grads } = tf.valueAndGrads(lossOf)([weight, gain]);
        const { clipped } = clipByGlobalNorm(grads, 1);
        const [firstMoment, secondMoment] = [tf.zeros([6, 4]), tf.zeros([6, 4])];
        const options = { learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0, step: 1 };
        adamW({ parameter: weight, firstMoment, secondMoment }, clipped[0]!, options);
        tokenLosses(hidden(weight, gain), weight, targets);
      });
    step();
    const before = { ...tf.memory(), dataIds: tf.backend().numDataIds() };
    for (let i = 0; i < 3; i++) step();
    expect({ ...tf.memory(), dataIds: tf.backend().numDataIds() }).toEqual(before);
  });

  test('kernels run outside of a tidy leave nothing but their results', () => {
    const [x, weight] = [tf.ones([2, 4]), tf.ones([3, 4])];
    const before = tf.memory().numTensors;
    linear(x, weight);
    attention(tf.ones([1, 2, 2, 2]), tf.ones([1, 2, 1, 2]), tf.ones([1, 2, 1, 2]), { scale: 1 });
    expect(tf.memory().numTensors).toBe(before + 2 + 3); // two results, three inputs
  });
});
