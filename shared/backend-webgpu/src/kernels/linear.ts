/** @file Linear layers that share an input: queries, keys and values, or gate and up; also one alone, or one whose result is added to a residual. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { multiply } from '../products.ts';
import {
  expectShape,
  type KernelArguments,
  type Kernels,
  rowsOf,
  shapeOfRows,
  sizeOf,
  tensor,
  tensorList,
} from './kernel.ts';

/**
 * Gradients of rows x [n, in] and of weights [out, in], as tensors of x's and the weights' shapes.
 *
 * @param dValues [n, out] each
 */
export function linearGradients(
  backend: KernelArguments['backend'],
  x: TensorInfo,
  weights: readonly TensorInfo[],
  dValues: readonly TensorInfo[],
): TensorInfo[] {
  const input = weights[0]!.shape[1]!;
  const n = sizeOf(x.shape) / input;
  const dX = backend.output(x.shape);
  const dWeights = weights.map(({ shape }) => backend.output(shape));
  weights.forEach((weight, i) => {
    const [out, dValue] = [weight.shape[0]!, dValues[i]!];
    multiply(backend, { a: dValue, b: weight, y: dX, m: n, n: input, k: out, accumulate: i > 0 });
    multiply(backend, { a: dValue, b: x, y: dWeights[i]!, m: out, n: input, k: n, transposeA: true });
  });
  return [dX, ...dWeights];
}

function checkedGradients(args: KernelArguments, weights: TensorInfo[], dValues: TensorInfo[]): TensorInfo[] {
  const x = tensor(args.inputs, 'x');
  const { input, leading } = rowsOf(x, weights[0]!);
  weights.forEach((weight, i) => {
    expectShape(`weight${i}`, weight, [weight.shape[0]!, input]);
    expectShape(`dValue${i}`, dValues[i]!, shapeOfRows(leading, weight, args.attrs['headDim']));
  });
  return linearGradients(args.backend, x, weights, dValues);
}

export const linearKernels: Kernels = {
  /** x [..., in] or [..., heads, in / heads], weight0 [out_0, in] … → y0 [..., out_0] …, or with a headDim [..., out_0 / headDim, headDim] … */
  Linear(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    const all = tensorList(inputs, 'weight', attrs['count'] as number);
    const { n, input, leading } = rowsOf(x, all[0]!);
    return all.map((weight, i) => {
      const out = weight.shape[0]!;
      expectShape(`weight${i}`, weight, [out, input]);
      const y = backend.output(shapeOfRows(leading, weight, args.attrs['headDim']));
      multiply(backend, { a: x, b: weight, y, m: n, n: out, k: input, transposeB: true });
      return y;
    });
  },

  /** dValue0 like y0 …, x, weight0 [out_0, in] … → dX, dWeight0 [out_0, in] … */
  LinearGrad(args) {
    const count = args.attrs['count'] as number;
    return checkedGradients(args, tensorList(args.inputs, 'weight', count), tensorList(args.inputs, 'dValue', count));
  },

  /** x [..., in] or [..., heads, in / heads], weight [out, in], residual [..., out] → y [..., out] */
  LinearAdd(args) {
    const { inputs, backend } = args;
    const [x, weight, residual] = [tensor(inputs, 'x'), tensor(inputs, 'weight'), tensor(inputs, 'residual')];
    const { n, input, leading } = rowsOf(x, weight);
    const out = weight.shape[0]!;
    expectShape('residual', residual, [...leading, out]);
    const y = backend.output([...leading, out]);
    multiply(backend, { a: x, b: weight, y, m: n, n: out, k: input, transposeB: true, residual });
    return y;
  },

  /** dValue [..., out], x, weight → dX, dWeight, and dResidual, which is dValue */
  LinearAddGrad(args) {
    const dValue = tensor(args.inputs, 'dValue');
    const gradients = checkedGradients(args, [tensor(args.inputs, 'weight')], [dValue]);
    return [...gradients, args.backend.share(dValue, dValue.shape)];
  },
};
