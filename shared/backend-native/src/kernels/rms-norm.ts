/** @file RMSNorm, alone or with its input as a second value. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { asRows, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';

/** The d factors of the normed values: the weight, 1 + weight, or without a weight 1. */
function factorsOf({ inputs, attrs, backend }: KernelArguments, d: number): Float32Array {
  const weight = inputs['weight'];
  if (weight === undefined) return new Float32Array(d).fill(1);
  expectShape('weight', weight, [d]);
  return attrs['unitOffset'] === true
    ? backend.flushedFloats(weight).map((value) => 1 + value)
    : backend.floats(weight);
}

/** @returns y [..., d], inverseRms [n, 1] */
function normalize(args: KernelArguments): [TensorInfo, TensorInfo] {
  const { inputs, attrs, backend } = args;
  const x = tensor(inputs, 'x');
  const { n, d } = asRows(x);
  const values = [backend.floats(x), factorsOf(args, d)] as const;
  const y = backend.output(x.shape);
  const inverseRms = backend.output([n, 1]);
  backend.addon.rmsNorm(n, d, ...values, attrs['epsilon'] as number, backend.floats(y), backend.floats(inverseRms));
  return [y, inverseRms];
}

/** @returns dX, and dWeight where there is a weight */
function gradient(args: KernelArguments, dValue: TensorInfo, dResidual: TensorInfo | undefined): TensorInfo[] {
  const { inputs, backend } = args;
  const [x, inverseRms] = [tensor(inputs, 'x'), tensor(inputs, 'residual0')];
  const { n, d } = asRows(x);
  expectShape('the gradient', dValue, x.shape);
  if (dResidual !== undefined) expectShape('the residual’s gradient', dResidual, x.shape);
  expectShape('residual0', inverseRms, [n, 1]);
  const values = [backend.floats(dValue), backend.floats(x), factorsOf(args, d)] as const;
  const rms = backend.floats(inverseRms);
  const others = dResidual === undefined ? null : backend.floats(dResidual);
  const dX = backend.output(x.shape);
  const dWeight = backend.output([d]);
  backend.addon.rmsNormGradient(n, d, ...values, rms, others, backend.floats(dX), backend.floats(dWeight));
  if (inputs['weight'] !== undefined) return [dX, dWeight];
  backend.disposeIntermediateTensorInfo(dWeight);
  return [dX];
}

export const rmsNormKernels: Kernels = {
  /** x [..., d], weight [d] or none → y [..., d], inverseRms [n, 1] */
  RmsNorm: normalize,
  /** dValue, x [..., d], weight [d] or none, residual0 = inverseRms [n, 1] → dX, and dWeight where there is a weight */
  RmsNormGrad: (args) => gradient(args, tensor(args.inputs, 'dValue'), undefined),

  /** x [..., d], weight [d] or none → y [..., d], x, inverseRms [n, 1] */
  RmsNormResidual(args) {
    const [y, inverseRms] = normalize(args);
    const x = tensor(args.inputs, 'x');
    return [y, args.backend.share(x, x.shape), inverseRms];
  },
  /** dValue0 by y, dValue1 by x, and the rest of RmsNormGrad → the same */
  RmsNormResidualGrad: (args) => gradient(args, tensor(args.inputs, 'dValue0'), tensor(args.inputs, 'dValue1')),
};
