/** @file LayerNorm without bias. */
import { asRows, expectShape, type Kernels, residualsOfRows, tensor } from './kernel.ts';

export const layerNormKernels: Kernels = {
  /** x [..., d], weight [d] → y [..., d], mean [n, 1], inverseDeviation [n, 1] */
  LayerNorm({ inputs, attrs, backend }) {
    const [x, weight] = [tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const { n, d } = asRows(x);
    expectShape('weight', weight, [d]);
    const values = [backend.floats(x), backend.floats(weight), attrs['epsilon'] as number] as const;
    const [y, mean, inverseDeviation] = [backend.output(x.shape), backend.output([n, 1]), backend.output([n, 1])];
    backend.addon.layerNorm(n, d, ...values, backend.floats(y), backend.floats(mean), backend.floats(inverseDeviation));
    return [y, mean, inverseDeviation];
  },

  /** dValue, x [..., d], weight [d], residual0 = mean [n, 1], residual1 = inverseDeviation [n, 1] → dX, dWeight */
  LayerNormGrad({ inputs, backend }) {
    const [dValue, x, weight] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const { n, d } = asRows(x);
    const [mean, inverseDeviation] = residualsOfRows(inputs, n);
    expectShape('dValue', dValue, x.shape);
    expectShape('weight', weight, [d]);
    const values = [backend.floats(dValue), backend.floats(x), backend.floats(weight)] as const;
    const moments = [backend.floats(mean), backend.floats(inverseDeviation)] as const;
    const dX = backend.output(x.shape);
    const dWeight = backend.output([d]);
    backend.addon.layerNormGradient(n, d, ...values, ...moments, backend.floats(dX), backend.floats(dWeight));
    return [dX, dWeight];
  },
};
