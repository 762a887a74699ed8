/** @file Sums of several tensors with coefficients by position, and mean squares. */
import { asRows, expectShape, type Kernels, tensor, tensorList } from './kernel.ts';

export const mixCopiesKernels: Kernels = {
  /** coefficients [..., r m], copy0 … [..., d] → r tensors [..., d] */
  MixCopies({ inputs, attrs, backend }) {
    const [m, r] = [attrs['inputs'] as number, attrs['outputs'] as number];
    const [coefficients, copies] = [tensor(inputs, 'coefficients'), tensorList(inputs, 'copy', m)];
    const { shape } = copies[0]!;
    copies.forEach((copy, i) => expectShape(`copy${i}`, copy, shape));
    expectShape('coefficients', coefficients, [...shape.slice(0, -1), r * m]);
    const { n, d } = asRows(copies[0]!);
    const values = [backend.floats(coefficients), copies.map((copy) => backend.floats(copy))] as const;
    const ys = Array.from({ length: r }, () => backend.output(shape));
    const results = ys.map((y) => backend.floats(y));
    backend.addon.mixRows(n, d, r * m, 1, m, ...values, results);
    return ys;
  },

  /** dValue0 … [..., d], coefficients [..., r m], copy0 … [..., d] → dCoefficients, dCopy0 … */
  MixCopiesGrad({ inputs, attrs, backend }) {
    const [m, r] = [attrs['inputs'] as number, attrs['outputs'] as number];
    const [coefficients, copies] = [tensor(inputs, 'coefficients'), tensorList(inputs, 'copy', m)];
    const dValues = tensorList(inputs, 'dValue', r);
    const { shape } = copies[0]!;
    dValues.forEach((dValue, i) => expectShape(`dValue${i}`, dValue, shape));
    const { n, d } = asRows(copies[0]!);
    const [own, xs, dYs] = [
      backend.floats(coefficients),
      ...[copies, dValues].map((list) => list.map((x) => backend.floats(x))),
    ] as [Float32Array, Float32Array[], Float32Array[]];
    const dCoefficients = backend.output(coefficients.shape);
    const dCopies = Array.from({ length: m }, () => backend.output(shape));
    backend.addon.rowProducts(n, d, dYs, xs, backend.floats(dCoefficients));
    const results = dCopies.map((dCopy) => backend.floats(dCopy));
    backend.addon.mixRows(n, d, r * m, m, 1, own, dYs, results);
    return [dCoefficients, ...dCopies];
  },

  /** x [..., d] → [..., 1] */
  MeanSquare({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    const y = backend.output([...x.shape.slice(0, -1), 1]);
    const sums = backend.floats(y);
    backend.addon.rowProducts(n, d, [values], [values], sums);
    for (let row = 0; row < n; row++) sums[row]! /= d;
    return y;
  },

  /** dValue [..., 1], x [..., d] → dX [..., d] */
  MeanSquareGrad({ inputs, backend }) {
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const { n, d } = asRows(x);
    expectShape('dValue', dValue, [...x.shape.slice(0, -1), 1]);
    const factors = backend.floats(dValue).map((value) => (2 * value) / d);
    const values = backend.floats(x);
    const dX = backend.output(x.shape);
    backend.addon.mixRows(n, d, 1, 1, 1, factors, [values], [backend.floats(dX)]);
    return dX;
  },
};
