/** @file RMSNorm. */
import { asRows, expectShape, type Kernels, tensor } from './kernel.ts';

export const rmsNormKernels: Kernels = {
  /** x [..., d], weight [d] → y [..., d], inverseRms [n, 1] */
  RmsNorm({ inputs, attrs, backend }) {
    const [x, weight] = [tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const { n, d } = asRows(x);
    expectShape('weight', weight, [d]);
    const values = [backend.floats(x), backend.floats(weight)] as const;
    const y = backend.output(x.shape);
    const inverseRms = backend.output([n, 1]);
    backend.addon.rmsNorm(n, d, ...values, attrs['epsilon'] as number, backend.floats(y), backend.floats(inverseRms));
    return [y, inverseRms];
  },

  /** dValue, x [..., d], weight [d], residual0 = inverseRms [n, 1] → dX, dWeight */
  RmsNormGrad({ inputs, backend }) {
    const [dValue, x, weight] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const inverseRms = tensor(inputs, 'residual0');
    const { n, d } = asRows(x);
    expectShape('dValue', dValue, x.shape);
    expectShape('weight', weight, [d]);
    expectShape('residual0', inverseRms, [n, 1]);
    const values = [backend.floats(dValue), backend.floats(x), backend.floats(weight)] as const;
    const rms = backend.floats(inverseRms);
    const dX = backend.output(x.shape);
    const dWeight = backend.output([d]);
    backend.addon.rmsNormGradient(n, d, ...values, rms, backend.floats(dX), backend.floats(dWeight));
    return [dX, dWeight];
  },
};
