/** @file Cross-entropy of a linear output layer, whose logits never exist all at once. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectRank, expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

function readInputs({ inputs, attrs, backend }: KernelArguments) {
  const [x, weight, targets] = [tensor(inputs, 'x'), tensor(inputs, 'weight'), tensor(inputs, 'targets')];
  expectRank('x', x, 2);
  const [n, d] = x.shape as [number, number];
  const vocabularySize = weight.shape[0]!;
  expectShape('weight', weight, [vocabularySize, d]);
  expectShape('targets', targets, [n]);
  const values = [backend.floats(x), backend.floats(weight), backend.integers(targets)] as const;
  const options = [attrs['scale'] as number, attrs['softCap'] as number] as const;
  return { sizes: [n, d, vocabularySize] as const, values, options, x, weight };
}

export const crossEntropyKernels: Kernels = {
  /** x [n, d], weight [V, d], targets int32 [n], each in [−1, V) → losses [n] */
  TokenLosses(args) {
    const { backend } = args;
    const { sizes, values, options } = readInputs(args);
    const losses = backend.output([sizes[0]]);
    backend.addon.tokenLosses(backend.precision, ...sizes, ...values, ...options, backend.floats(losses));
    return losses;
  },

  /** As above → the mean loss, and already its gradients dX [n, d] and dWeight [V, d] */
  LinearCrossEntropy(args) {
    const { backend } = args;
    const { sizes, values, options, x, weight } = readInputs(args);
    const results = [backend.output([]), backend.output(x.shape), backend.output(weight.shape)];
    const [loss, dX, dWeight] = results.map((each) => backend.floats(each)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    backend.addon.linearCrossEntropy(backend.precision, ...sizes, ...values, ...options, loss, dX, dWeight);
    return results;
  },

  /** dValue [], residual0 = dX, residual1 = dWeight → both times dValue; the same memory where that is 1, as it usually is */
  LinearCrossEntropyGrad({ inputs, backend }) {
    const [dValue, dX, dWeight] = [tensor(inputs, 'dValue'), tensor(inputs, 'residual0'), tensor(inputs, 'residual1')];
    expectShape('dValue', dValue, []);
    const factor = backend.flushedFloats(dValue)[0]!;
    const scaled = (gradient: TensorInfo): TensorInfo => {
      if (factor === 1) return backend.share(gradient, gradient.shape);
      const values = backend.floats(gradient);
      const result = backend.output(gradient.shape);
      backend.addon.scale(sizeOf(gradient.shape), values, factor, backend.floats(result));
      return result;
    };
    return [scaled(dX), scaled(dWeight)];
  },
};
