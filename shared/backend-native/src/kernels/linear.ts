/** @file Linear layers that share an input: queries, keys and values, or gate and up; also one alone, or one whose result is added to a residual. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectShape, type KernelArguments, type Kernels, rowsOf, shapeOfRows, tensor, tensorList } from './kernel.ts';

/** Gradients of x and of each weight. */
function gradients(args: KernelArguments, weights: TensorInfo[], dValues: TensorInfo[]): TensorInfo[] {
  const { inputs, backend } = args;
  const x = tensor(inputs, 'x');
  const { n, input, leading } = rowsOf(x, weights[0]!);
  weights.forEach((weight, i) => {
    expectShape(`weight${i}`, weight, [weight.shape[0]!, input]);
    expectShape(`dValue${i}`, dValues[i]!, shapeOfRows(leading, weight, args.attrs['headDim']));
  });
  const dX = backend.output(x.shape);
  const dWeights = weights.map(({ shape }) => backend.output(shape));
  const floats = (tensors: TensorInfo[]) => tensors.map((each) => backend.floats(each));
  backend.addon.linearGradients(
    backend.precision,
    n,
    input,
    weights.map(({ shape }) => shape[0]!),
    backend.floats(x),
    floats(dValues),
    floats(weights),
    backend.floats(dX),
    floats(dWeights),
  );
  return [dX, ...dWeights];
}

export const linearKernels: Kernels = {
  /** x [..., in] or [..., heads, in / heads], weight0 [out_0, in] … → y0 [..., out_0] …, or with a headDim [..., out_0 / headDim, headDim] … */
  Linear(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    const values = backend.floats(x);
    const all = tensorList(inputs, 'weight', attrs['count'] as number);
    const { n, input, leading } = rowsOf(x, all[0]!);
    return all.map((weight, i) => {
      const out = weight.shape[0]!;
      expectShape(`weight${i}`, weight, [out, input]);
      const weights = backend.floats(weight);
      const y = backend.output(shapeOfRows(leading, weight, args.attrs['headDim']));
      backend.addon.linear(backend.precision, n, input, out, values, weights, null, backend.floats(y));
      return y;
    });
  },

  /** dValue0 like y0 …, x, weight0 [out_0, in] … → dX, dWeight0 [out_0, in] … */
  LinearGrad(args) {
    const count = args.attrs['count'] as number;
    return gradients(args, tensorList(args.inputs, 'weight', count), tensorList(args.inputs, 'dValue', count));
  },

  /** x [..., in] or [..., heads, in / heads], weight [out, in], residual [..., out] → y [..., out] */
  LinearAdd(args) {
    const { inputs, backend } = args;
    const [x, weight, residual] = [tensor(inputs, 'x'), tensor(inputs, 'weight'), tensor(inputs, 'residual')];
    const { n, input, leading } = rowsOf(x, weight);
    const out = weight.shape[0]!;
    expectShape('residual', residual, [...leading, out]);
    const values = [backend.floats(x), backend.floats(weight), backend.floats(residual)] as const;
    const y = backend.output([...leading, out]);
    backend.addon.linear(backend.precision, n, input, out, ...values, backend.floats(y));
    return y;
  },

  /** dValue [..., out], x, weight → dX, dWeight, and dResidual, which is dValue */
  LinearAddGrad(args) {
    const dValue = tensor(args.inputs, 'dValue');
    return [...gradients(args, [tensor(args.inputs, 'weight')], [dValue]), args.backend.share(dValue, dValue.shape)];
  },
};
