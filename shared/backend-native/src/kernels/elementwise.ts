/** @file Small operations on rows: softmax and the logarithm of its denominator, division by the sum, the statistical top-k of Gemma 3n, and factors by position. */
import {
  asRows,
  expectRank,
  expectShape,
  type Kernel,
  type Kernels,
  residualsOfRows,
  sizeOf,
  tensor,
} from './kernel.ts';

/** @param name of the input: x [b, s, ...], factors [s] → y [b, s, ...] */
const scalePositions =
  (name: string): Kernel =>
  ({ inputs, backend }) => {
    const [x, factors] = [tensor(inputs, name), tensor(inputs, 'factors')];
    expectRank('factors', factors, 1);
    const [b, s] = x.shape as [number, number];
    expectShape('factors', factors, [s]);
    const values = [backend.floats(x), backend.floats(factors)] as const;
    const y = backend.output(x.shape);
    backend.addon.scalePositions(b, s, sizeOf(x.shape.slice(2)), ...values, backend.floats(y));
    return y;
  };

export const elementwiseKernels: Kernels = {
  ScalePositions: scalePositions('x'),
  ScalePositionsGrad: scalePositions('dValue'),

  /** x [..., d] → y */
  RowSoftmax({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    const y = backend.output(x.shape);
    backend.addon.softmax(n, d, values, backend.floats(y));
    return y;
  },

  /** dValue, value [..., d] → dX */
  RowSoftmaxGrad({ inputs, backend }) {
    const [dValue, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'value')];
    const { n, d } = asRows(value);
    expectShape('dValue', dValue, value.shape);
    const values = [backend.floats(dValue), backend.floats(value)] as const;
    const dX = backend.output(value.shape);
    backend.addon.softmaxGradient(n, d, ...values, backend.floats(dX));
    return dX;
  },

  /** x [n, d] → places [n] */
  FirstLargest({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const values = backend.floats(x);
    const places = backend.output([n]);
    backend.addon.firstLargest(n, d, values, backend.floats(places));
    return places;
  },

  /** x [n, d] → y [n] */
  RowLogSumExp({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const values = backend.floats(x);
    const y = backend.output([n]);
    backend.addon.logSumExp(n, d, values, backend.floats(y));
    return y;
  },

  /** dValue [n], x [n, d], value [n] → dX */
  RowLogSumExpGrad({ inputs, backend }) {
    const [dValue, x, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'value')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, [n]);
    expectShape('value', value, [n]);
    const values = [backend.floats(dValue), backend.floats(x), backend.floats(value)] as const;
    const dX = backend.output(x.shape);
    backend.addon.logSumExpGradient(n, d, ...values, backend.floats(dX));
    return dX;
  },

  /** x [n, k] → y [n, k], sums [n, 1] */
  NormalizeSum({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    const [y, sums] = [backend.output(x.shape), backend.output([n, 1])];
    backend.addon.normalizeSum(n, d, values, backend.floats(y), backend.floats(sums));
    return [y, sums];
  },

  /** dValue, value [n, k], residual0 = sums [n, 1] → dX */
  NormalizeSumGrad({ inputs, backend }) {
    const [dValue, value, sums] = [tensor(inputs, 'dValue'), tensor(inputs, 'value'), tensor(inputs, 'residual0')];
    const { n, d } = asRows(value);
    expectShape('dValue', dValue, value.shape);
    expectShape('residual0', sums, [n, 1]);
    const values = [backend.floats(dValue), backend.floats(value), backend.floats(sums)] as const;
    const dX = backend.output(value.shape);
    backend.addon.normalizeSumGradient(n, d, ...values, backend.floats(dX));
    return dX;
  },

  /** x [..., d] → y [..., d], mean [n, 1], standardDeviation [n, 1] */
  GaussianTopK({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    const [y, mean, deviation] = [backend.output(x.shape), backend.output([n, 1]), backend.output([n, 1])];
    const results = [backend.floats(y), backend.floats(mean), backend.floats(deviation)] as const;
    backend.addon.gaussianTopK(n, d, values, attrs['deviations'] as number, ...results);
    return [y, mean, deviation];
  },

  /** dValue, x [..., d], residual0 = mean [n, 1], residual1 = standardDeviation [n, 1] → dX */
  GaussianTopKGrad({ inputs, attrs, backend }) {
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const { n, d } = asRows(x);
    const [mean, deviation] = residualsOfRows(inputs, n);
    expectShape('dValue', dValue, x.shape);
    const values = [backend.floats(dValue), backend.floats(x), attrs['deviations'] as number] as const;
    const moments = [backend.floats(mean), backend.floats(deviation)] as const;
    const dX = backend.output(x.shape);
    backend.addon.gaussianTopKGradient(n, d, ...values, ...moments, backend.floats(dX));
    return dX;
  },
};
