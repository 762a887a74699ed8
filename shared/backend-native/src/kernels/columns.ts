/** @file The columns of a matrix: their means, and factors or a bias for each. */
import { asRows, expectRank, expectShape, type Kernels, tensor } from './kernel.ts';

export const columnKernels: Kernels = {
  /** x [..., d], bias [d] → y */
  AddBias({ inputs, backend }) {
    const [x, bias] = [tensor(inputs, 'x'), tensor(inputs, 'bias')];
    const { n, d } = asRows(x);
    expectShape('bias', bias, [d]);
    const values = [backend.floats(x), backend.floats(bias)] as const;
    const y = backend.output(x.shape);
    backend.addon.addToColumns(n, d, ...values, backend.floats(y));
    return y;
  },

  /** dValue [..., d] → dX, which is dValue, and dBias [d] */
  AddBiasGrad({ inputs, backend }) {
    const dValue = tensor(inputs, 'dValue');
    const { n, d } = asRows(dValue);
    const values = backend.floats(dValue);
    const dBias = backend.output([d]);
    backend.addon.columnSums(n, d, values, backend.floats(dBias));
    return [backend.share(dValue, dValue.shape), dBias];
  },

  /** x [n, d] → means [d] */
  ColumnMeans({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const values = backend.floats(x);
    const means = backend.output([d]);
    backend.addon.columnMeans(n, d, values, backend.floats(means));
    return means;
  },

  /** dValue [d], x [n, d] → dX [n, d] */
  ColumnMeansGrad({ inputs, backend }) {
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, [d]);
    const values = backend.floats(dValue);
    const dX = backend.output(x.shape);
    backend.addon.columnMeansGradient(n, d, values, backend.floats(dX));
    return dX;
  },

  /** x [n, d], factors [d] → y [n, d] */
  ScaleColumns({ inputs, backend }) {
    const [x, factors] = [tensor(inputs, 'x'), tensor(inputs, 'factors')];
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    expectShape('factors', factors, [d]);
    const values = [backend.floats(x), backend.floats(factors)] as const;
    const y = backend.output(x.shape);
    backend.addon.scaleColumns(n, d, ...values, backend.floats(y));
    return y;
  },

  /** dValue, x [n, d], factors [d] → dX [n, d], dFactors [d] */
  ScaleColumnsGrad({ inputs, backend }) {
    const [dValue, x, factors] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'factors')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, x.shape);
    const [gradient, values, own] = [backend.floats(dValue), backend.floats(x), backend.floats(factors)] as const;
    const [dX, dFactors] = [backend.output(x.shape), backend.output([d])];
    backend.addon.scaleColumns(n, d, gradient, own, backend.floats(dX));
    backend.addon.columnProducts(n, d, gradient, values, backend.floats(dFactors));
    return [dX, dFactors];
  },
};
