/** @file The columns of a matrix: their means, and factors or a bias for each. */
import { columnGroups, EACH_COLUMN, OVER_ROWS, sumOfRows, WRITES_COLUMN } from '../column-sums.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { asRows, expectRank, expectShape, type Kernels, tensor } from './kernel.ts';

const addToColumns = defineShader({
  name: 'add to columns',
  bindings: { x: 'f32', bias: 'f32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32' },
  body: `${EACH_ELEMENT} y[i] = x[i] + bias[i % parameters.d];`,
});

const timesColumns = defineShader({
  name: 'scale columns',
  bindings: { x: 'f32', factors: 'f32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32' },
  body: `${EACH_ELEMENT} y[i] = x[i] * factors[i % parameters.d];`,
});

/** y[i, j] = row[j] / rows */
const shareOfRows = defineShader({
  name: 'shares of rows',
  bindings: { row: 'f32', y: 'out f32' },
  parameters: { size: 'u32', d: 'u32', rows: 'f32' },
  body: `${EACH_ELEMENT} y[i] = row[i % parameters.d] / parameters.rows;`,
});

const sums = defineShader({
  name: 'sums of columns',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { n: 'u32', d: 'u32', divisor: 'f32' },
  declarations: OVER_ROWS,
  body: `${EACH_COLUMN}
  ${sumOfRows('part', 'x[at]')}
  let total = overRows(part, lane);
  if (${WRITES_COLUMN}) { y[column] = total / parameters.divisor; }
`,
});

const products = defineShader({
  name: 'products of columns',
  bindings: { a: 'f32', b: 'f32', y: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  declarations: OVER_ROWS,
  body: `${EACH_COLUMN}
  ${sumOfRows('part', 'a[at] * b[at]')}
  let total = overRows(part, lane);
  if (${WRITES_COLUMN}) { y[column] = total; }
`,
});

export const columnKernels: Kernels = {
  /** x [..., d], bias [d] → y */
  AddBias({ inputs, backend }) {
    const [x, bias] = [tensor(inputs, 'x'), tensor(inputs, 'bias')];
    const { n, d } = asRows(x);
    expectShape('bias', bias, [d]);
    const y = backend.output(x.shape);
    addToColumns(backend, { x, bias, y }, { size: n * d, d }, elementGroups(n * d));
    return y;
  },

  /** dValue [..., d] → dX, which is dValue, and dBias [d] */
  AddBiasGrad({ inputs, backend }) {
    const dValue = tensor(inputs, 'dValue');
    const { n, d } = asRows(dValue);
    const dBias = backend.output([d]);
    sums(backend, { x: dValue, y: dBias }, { n, d, divisor: 1 }, columnGroups(d));
    return [backend.share(dValue, dValue.shape), dBias];
  },

  /** x [n, d] → means [d] */
  ColumnMeans({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    const means = backend.output([d]);
    sums(backend, { x, y: means }, { n, d, divisor: n }, columnGroups(d));
    return means;
  },

  /** dValue [d], x [n, d] → dX [n, d] */
  ColumnMeansGrad({ inputs, backend }) {
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, [d]);
    const dX = backend.output(x.shape);
    shareOfRows(backend, { row: dValue, y: dX }, { size: n * d, d, rows: n }, elementGroups(n * d));
    return dX;
  },

  /** x [n, d], factors [d] → y [n, d] */
  ScaleColumns({ inputs, backend }) {
    const [x, factors] = [tensor(inputs, 'x'), tensor(inputs, 'factors')];
    expectRank('x', x, 2);
    const [n, d] = x.shape as [number, number];
    expectShape('factors', factors, [d]);
    const y = backend.output(x.shape);
    timesColumns(backend, { x, factors, y }, { size: n * d, d }, elementGroups(n * d));
    return y;
  },

  /** dValue, x [n, d], factors [d] → dX [n, d], dFactors [d] */
  ScaleColumnsGrad({ inputs, backend }) {
    const [dValue, x, factors] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'factors')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, x.shape);
    const [dX, dFactors] = [backend.output(x.shape), backend.output([d])];
    timesColumns(backend, { x: dValue, factors, y: dX }, { size: n * d, d }, elementGroups(n * d));
    products(backend, { a: dValue, b: x, y: dFactors }, { n, d }, columnGroups(d));
    return [dX, dFactors];
  },
};
