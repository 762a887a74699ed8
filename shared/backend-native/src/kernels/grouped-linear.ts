/** @file Linear layers of which each group of rows has its own: the experts of a mixture. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectRank, expectShape, type Kernels, tensor, tensorList } from './kernel.ts';

export const groupedLinearKernels: Kernels = {
  /** x [n, in], offsets int32 [E + 1], weight0 [E, out_0, in] … → y0 [n, out_0] … */
  GroupedLinear({ inputs, attrs, backend }) {
    const [x, offsets] = [tensor(inputs, 'x'), tensor(inputs, 'offsets')];
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const groups = offsets.shape[0]! - 1;
    const weights = tensorList(inputs, 'weight', attrs['count'] as number);
    weights.forEach((weight, i) => expectShape(`weight${i}`, weight, [groups, weight.shape[1]!, d]));
    const outs = weights.map(({ shape }) => shape[1]!);
    const floats = (tensors: TensorInfo[]) => tensors.map((each) => backend.floats(each));
    const values = [backend.integers(offsets), backend.floats(x), floats(weights)] as const;
    const ys = weights.map(({ shape }) => backend.output([n, shape[1]!]));
    backend.addon.groupedLinear(backend.precision, n, d, groups, outs, ...values, floats(ys));
    return ys;
  },

  /** dValue0 [n, out_0] …, x [n, in], offsets int32 [E + 1], weight0 [E, out_0, in] … → dX [n, in], dWeight0 [E, out_0, in] … */
  GroupedLinearGrad({ inputs, attrs, backend }) {
    const count = attrs['count'] as number;
    const [x, offsets] = [tensor(inputs, 'x'), tensor(inputs, 'offsets')];
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const groups = offsets.shape[0]! - 1;
    const weights = tensorList(inputs, 'weight', count);
    const dValues = tensorList(inputs, 'dValue', count);
    weights.forEach((weight, i) => {
      const out = weight.shape[1]!;
      expectShape(`weight${i}`, weight, [groups, out, d]);
      expectShape(`dValue${i}`, dValues[i]!, [n, out]);
    });
    const outs = weights.map(({ shape }) => shape[1]!);
    const floats = (tensors: TensorInfo[]) => tensors.map((each) => backend.floats(each));
    const values = [backend.integers(offsets), backend.floats(x), floats(dValues), floats(weights)] as const;
    const dX = backend.output(x.shape);
    const dWeights = weights.map(({ shape }) => backend.output(shape));
    const results = [backend.floats(dX), floats(dWeights)] as const;
    backend.addon.groupedLinearGradients(backend.precision, n, d, groups, outs, ...values, ...results);
    return [dX, ...dWeights];
  },
};
