/** @file RMSNorm. */
import { asRows, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';

/** The d factors of the normed values: the weight, 1 + weight, or without a weight 1. */
function factorsOf({ inputs, attrs, backend }: KernelArguments, d: number): Float32Array {
  const weight = inputs['weight'];
  if (weight === undefined) return new Float32Array(d).fill(1);
  expectShape('weight', weight, [d]);
  const values = backend.floats(weight);
  return attrs['unitOffset'] === true ? values.map((value) => 1 + value) : values;
}

export const rmsNormKernels: Kernels = {
  /** x [..., d], weight [d] or none → y [..., d], inverseRms [n, 1] */
  RmsNorm(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = [backend.floats(x), factorsOf(args, d)] as const;
    const y = backend.output(x.shape);
    const inverseRms = backend.output([n, 1]);
    backend.addon.rmsNorm(n, d, ...values, attrs['epsilon'] as number, backend.floats(y), backend.floats(inverseRms));
    return [y, inverseRms];
  },

  /** dValue, x [..., d], weight [d] or none, residual0 = inverseRms [n, 1] → dX, and dWeight where there is a weight */
  RmsNormGrad(args) {
    const { inputs, backend } = args;
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const inverseRms = tensor(inputs, 'residual0');
    const { n, d } = asRows(x);
    expectShape('dValue', dValue, x.shape);
    expectShape('residual0', inverseRms, [n, 1]);
    const values = [backend.floats(dValue), backend.floats(x), factorsOf(args, d)] as const;
    const rms = backend.floats(inverseRms);
    const dX = backend.output(x.shape);
    const dWeight = backend.output([d]);
    backend.addon.rmsNormGradient(n, d, ...values, rms, backend.floats(dX), backend.floats(dWeight));
    if (inputs['weight'] !== undefined) return [dX, dWeight];
    backend.disposeIntermediateTensorInfo(dWeight);
    return dX;
  },
};
