/** @file Small operations on rows: softmax and the logarithm of its denominator, the first of the largest, division by the sum, factors by position. */
import { NUMBERS } from '../numbers.ts';
import {
  defineShader,
  EACH_ELEMENT,
  EACH_ROW,
  elementGroups,
  maxOf,
  ROW_THREADS,
  spread,
  sumOf,
  THREADS,
} from '../shader.ts';
import { asRows, expectShape, type Kernel, type Kernels, sizeOf, tensor } from './kernel.ts';

/** Rows from this length on have a larger workgroup each. */
const LONG_ROW = 4096;

/** A shader for rows of few elements, and one for those of many. */
const forLengths = <T>(make: (threads: number) => T): ((d: number) => T) => {
  const [short, long] = [make(ROW_THREADS), make(THREADS)];
  return (d) => (d < LONG_ROW ? short : long);
};

/** Begin of a body: the row's largest number `top`, and `denominator`, the sum of exponentials of the differences. */
const statistics = (threads: number): string => `${EACH_ROW}
  let first = row * parameters.d;
  var largest = -3.4e38;
  for (var j = lane; j < parameters.d; j += ${threads}u) { largest = max(largest, x[first + j]); }
  let top = maxOf(largest, lane);
  var sum = 0.0;
  for (var j = lane; j < parameters.d; j += ${threads}u) { sum += expOf(x[first + j] - top); }
  let denominator = sumOf(sum, lane);
`;

const softmax = forLengths((threads) =>
  defineShader({
    name: `softmax ${threads}`,
    bindings: { x: 'f32', y: 'out f32' },
    parameters: { n: 'u32', d: 'u32' },
    workgroupSize: [threads, 1],
    declarations: NUMBERS + sumOf(threads) + maxOf(threads),
    body: `${statistics(threads)}
  for (var j = lane; j < parameters.d; j += ${threads}u) { y[first + j] = expOf(x[first + j] - top) / denominator; }
`,
  }),
);

/** dX = (dValue − Σ dValue · value) · value */
const softmaxGradient = forLengths((threads) =>
  defineShader({
    name: `softmax's gradient ${threads}`,
    bindings: { dValue: 'f32', value: 'f32', dX: 'out f32' },
    parameters: { n: 'u32', d: 'u32' },
    workgroupSize: [threads, 1],
    declarations: sumOf(threads),
    body: `${EACH_ROW}
  let first = row * parameters.d;
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${threads}u) { products = fma(dValue[first + j], value[first + j], products); }
  let projection = sumOf(products, lane);
  for (var j = lane; j < parameters.d; j += ${threads}u) {
    dX[first + j] = (dValue[first + j] - projection) * value[first + j];
  }
`,
  }),
);

const logSumExp = forLengths((threads) =>
  defineShader({
    name: `log sum exp ${threads}`,
    bindings: { x: 'f32', y: 'out f32' },
    parameters: { n: 'u32', d: 'u32' },
    workgroupSize: [threads, 1],
    declarations: NUMBERS + sumOf(threads) + maxOf(threads),
    body: `${statistics(threads)}
  if (lane == 0u) { y[row] = logOf(denominator) + top; }
`,
  }),
);

const logSumExpGradient = defineShader({
  name: "log sum exp's gradient",
  bindings: { dValue: 'f32', x: 'f32', value: 'f32', dX: 'out f32' },
  parameters: { size: 'u32', d: 'u32' },
  declarations: NUMBERS,
  body: `${EACH_ELEMENT}
  let row = i / parameters.d;
  dX[i] = dValue[row] * expOf(x[i] - value[row]);
`,
});

/** Whether a number is finite is told by its bits: compilers of shaders may take for granted that all are. */
const firstLargest = forLengths((threads) =>
  defineShader({
    name: `first of the largest ${threads}`,
    bindings: { x: 'f32', places: 'out f32' },
    parameters: { n: 'u32', d: 'u32' },
    workgroupSize: [threads, 1],
    declarations: maxOf(threads),
    body: `${EACH_ROW}
  let first = row * parameters.d;
  var largest = -3.4e38;
  var place = parameters.d;
  var isBad = 0.0;
  for (var j = lane; j < parameters.d; j += ${threads}u) {
    let value = x[first + j];
    if ((bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u) { isBad = 1.0; }
    if (value > largest || place == parameters.d) {
      largest = value;
      place = j;
    }
  }
  let top = maxOf(largest, lane);
  let candidate = select(parameters.d, place, largest == top && place < parameters.d);
  let found = -maxOf(-f32(candidate), lane);
  let anyBad = maxOf(isBad, lane);
  if (lane == 0u) { places[row] = select(found, -1.0, anyBad > 0.0); }
`,
  }),
);

/** y = x / Σ x */
const normalize = defineShader({
  name: 'division by the sum',
  bindings: { x: 'f32', y: 'out f32', sums: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${EACH_ROW}
  let first = row * parameters.d;
  var part = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { part += x[first + j]; }
  let sum = sumOf(part, lane);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { y[first + j] = x[first + j] / sum; }
  if (lane == 0u) { sums[row] = sum; }
`,
});

/** dX = (dValue − Σ dValue · value) / sum */
const normalizeGradient = defineShader({
  name: 'gradient of the division by the sum',
  bindings: { dValue: 'f32', value: 'f32', sums: 'f32', dX: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${EACH_ROW}
  let first = row * parameters.d;
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { products = fma(dValue[first + j], value[first + j], products); }
  let projection = sumOf(products, lane);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { dX[first + j] = (dValue[first + j] - projection) / sums[row]; }
`,
});

/** x [b, s, ...] times factors [s] */
const scaleShader = defineShader({
  name: 'scale positions',
  bindings: { x: 'f32', factors: 'f32', y: 'out f32' },
  parameters: { size: 'u32', positions: 'u32', width: 'u32' },
  body: `${EACH_ELEMENT} y[i] = x[i] * factors[i / parameters.width % parameters.positions];`,
});

const scalePositions =
  (name: string): Kernel =>
  ({ inputs, backend }) => {
    const [x, factors] = [tensor(inputs, name), tensor(inputs, 'factors')];
    const positions = x.shape[1]!;
    expectShape('factors', factors, [positions]);
    const y = backend.output(x.shape);
    const size = sizeOf(x.shape);
    const parameters = { size, positions, width: sizeOf(x.shape.slice(2)) };
    scaleShader(backend, { x, factors, y }, parameters, elementGroups(size));
    return y;
  };

export const rowKernels: Kernels = {
  ScalePositions: scalePositions('x'),
  ScalePositionsGrad: scalePositions('dValue'),

  /** x [..., d] → y */
  RowSoftmax({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const y = backend.output(x.shape);
    softmax(d)(backend, { x, y }, { n, d }, spread(n));
    return y;
  },

  /** dValue, value [..., d] → dX */
  RowSoftmaxGrad({ inputs, backend }) {
    const [dValue, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'value')];
    expectShape('dValue', dValue, value.shape);
    const { n, d } = asRows(value);
    const dX = backend.output(value.shape);
    softmaxGradient(d)(backend, { dValue, value, dX }, { n, d }, spread(n));
    return dX;
  },

  /** x [n, d] → places [n] */
  FirstLargest({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const [n, d] = x.shape as [number, number];
    const places = backend.output([n]);
    firstLargest(d)(backend, { x, places }, { n, d }, spread(n));
    return places;
  },

  /** x [n, d] → y [n] */
  RowLogSumExp({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const [n, d] = x.shape as [number, number];
    const y = backend.output([n]);
    logSumExp(d)(backend, { x, y }, { n, d }, spread(n));
    return y;
  },

  /** dValue [n], x [n, d], value [n] → dX */
  RowLogSumExpGrad({ inputs, backend }) {
    const [dValue, x, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'value')];
    const [n, d] = x.shape as [number, number];
    expectShape('dValue', dValue, [n]);
    expectShape('value', value, [n]);
    const dX = backend.output(x.shape);
    logSumExpGradient(backend, { dValue, x, value, dX }, { size: n * d, d }, elementGroups(n * d));
    return dX;
  },

  /** x [n, k] → y [n, k], sums [n, 1] */
  NormalizeSum({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const [y, sums] = [backend.output(x.shape), backend.output([n, 1])];
    normalize(backend, { x, y, sums }, { n, d }, spread(n));
    return [y, sums];
  },

  /** dValue, value [n, k], residual0 = sums [n, 1] → dX */
  NormalizeSumGrad({ inputs, backend }) {
    const [dValue, value, sums] = [tensor(inputs, 'dValue'), tensor(inputs, 'value'), tensor(inputs, 'residual0')];
    expectShape('dValue', dValue, value.shape);
    const { n, d } = asRows(value);
    const dX = backend.output(value.shape);
    normalizeGradient(backend, { dValue, value, sums, dX }, { n, d }, spread(n));
    return dX;
  },
};
