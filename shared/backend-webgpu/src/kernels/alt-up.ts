/**
 * @file The two steps of alternating updates. Devices bind few buffers, so that what the copies have in common is computed first, for each row: the
 * coefficients that its router makes, in a matrix [n, a² or a].
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { columnGroups, EACH_COLUMN, OVER_ROWS, sumOfRows, WRITES_COLUMN } from '../column-sums.ts';
import { NUMBERS } from '../numbers.ts';
import { multiply } from '../products.ts';
import {
  defineShader,
  EACH_ELEMENT,
  EACH_ROW,
  elementGroups,
  ROW_THREADS,
  type Shader,
  spread,
  sumOf,
} from '../shader.ts';
import {
  asRows,
  expectShape,
  type KernelArguments,
  type Kernels,
  shapeOfAll,
  sizeOf,
  tensor,
  tensorList,
} from './kernel.ts';
import { bound, namesOf, TERMS } from './sums.ts';

const ROUTER_PARAMETERS = {
  n: 'u32',
  d: 'u32',
  copies: 'u32',
  count: 'u32',
  centered: 'u32',
  epsilon: 'f32',
  unitOffset: 'f32',
  clip: 'f32',
} as const;

/** What makes a row's coefficients: the row is `x[first + j]`, and normed `(x[first + j] - middle) * inverse`. */
const ROUTER = `${NUMBERS}
${sumOf(ROW_THREADS)}
fn gain(j: u32) -> f32 { return norm[j] + parameters.unitOffset; }
fn coefficient(i: u32, copy: u32) -> f32 {
  let own = coefficients[i * parameters.copies + copy];
  if (parameters.clip == 0.0) { return own; }
  return between(own, -parameters.clip, parameters.clip);
}
`;
const NORMALIZE = `${EACH_ROW}
  let first = row * parameters.d;
  let size = f32(parameters.d);
  var middle = 0.0;
  if (parameters.centered != 0u) {
    var part = 0.0;
    for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { part += x[first + j]; }
    middle = sumOf(part, lane) / size;
  }
  var squares = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { squares += (x[first + j] - middle) * (x[first + j] - middle); }
  let inverse = 1.0 / sqrt(sumOf(squares, lane) / size + parameters.epsilon);
`;

/** modalities = tanh(weight · (gains · normed) / d), mixture = coefficients · modalities */
const route = defineShader({
  name: "alternating updates' router",
  bindings: { x: 'f32', norm: 'f32', weight: 'f32', coefficients: 'f32', modalities: 'in-out f32', mixture: 'out f32' },
  parameters: ROUTER_PARAMETERS,
  workgroupSize: [ROW_THREADS, 1],
  declarations: ROUTER,
  body: `${NORMALIZE}
  for (var copy = 0u; copy < parameters.copies; copy++) {
    var products = 0.0;
    for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
      products += (x[first + j] - middle) * inverse * (weight[copy * parameters.d + j] * gain(j));
    }
    let logit = sumOf(products, lane) / size;
    if (lane == 0u) { modalities[row * parameters.copies + copy] = tanhOf(logit); }
  }
  storageBarrier();
  for (var i = lane; i < parameters.count; i += ${ROW_THREADS}u) {
    var sum = 0.0;
    for (var copy = 0u; copy < parameters.copies; copy++) { sum += coefficient(i, copy) * modalities[row * parameters.copies + copy]; }
    mixture[row * parameters.count + i] = sum;
  }
`,
});

/** Adds the router's gradient by the row that it read to dX, and leaves for its other gradients, of each row, dLogits, the mean and the norm's factor. */
const routeGradient = defineShader({
  name: "alternating updates' router, gradient",
  bindings: {
    x: 'f32',
    norm: 'f32',
    weight: 'f32',
    coefficients: 'f32',
    modalities: 'f32',
    dMixture: 'f32',
    rows: 'in-out f32',
    dX: 'in-out f32',
  },
  parameters: ROUTER_PARAMETERS,
  workgroupSize: [ROW_THREADS, 1],
  declarations: `${ROUTER}
/** The gradient by what is normed. */
fn dNormed(j: u32, firstLogit: u32) -> f32 {
  var sum = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) { sum = fma(rows[firstLogit + copy], weight[copy * parameters.d + j], sum); }
  return sum * gain(j);
}
`,
  body: `${NORMALIZE}
  let firstLogit = row * (parameters.copies + 2u);
  for (var copy = lane; copy < parameters.copies; copy += ${ROW_THREADS}u) {
    var sum = 0.0;
    for (var i = 0u; i < parameters.count; i++) { sum += dMixture[row * parameters.count + i] * coefficient(i, copy); }
    let modality = modalities[row * parameters.copies + copy];
    rows[firstLogit + copy] = sum * (1.0 - modality * modality) / size;
  }
  if (lane == 0u) {
    rows[firstLogit + parameters.copies] = middle;
    rows[firstLogit + parameters.copies + 1u] = inverse;
  }
  storageBarrier();
  var shifts = 0.0;
  var slopes = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let g = dNormed(j, firstLogit);
    shifts += g;
    slopes += g * ((x[first + j] - middle) * inverse);
  }
  let slope = sumOf(slopes, lane) / size;
  var shift = sumOf(shifts, lane) / size;
  if (parameters.centered == 0u) { shift = 0.0; }
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let normed = (x[first + j] - middle) * inverse;
    dX[first + j] += (dNormed(j, firstLogit) - shift - normed * slope) * inverse;
  }
`,
});

/** dWeight = gains · Σ dLogits normed, dNorm = Σ over copies of weight · the same sums */
const routerWeightGradients = defineShader({
  name: "alternating updates' router, gradients of weights",
  bindings: { x: 'f32', norm: 'f32', weight: 'f32', rows: 'f32', dNorm: 'out f32', dWeight: 'out f32' },
  parameters: { n: 'u32', d: 'u32', copies: 'u32', unitOffset: 'f32' },
  declarations: OVER_ROWS,
  body: `${EACH_COLUMN}
  let width = parameters.copies + 2u;
  var ofNorm = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) {
    ${sumOfRows('part', 'rows[row * width + copy] * ((x[at] - rows[row * width + width - 2u]) * rows[row * width + width - 1u])')}
    let total = overRows(part, lane);
    if (${WRITES_COLUMN}) {
      dWeight[copy * parameters.d + column] = total * (norm[column] + parameters.unitOffset);
      ofNorm += total * weight[copy * parameters.d + column];
    }
  }
  if (${WRITES_COLUMN}) { dNorm[column] = ofNorm; }
`,
});

/** Nothing passes to a coefficient that is clipped. */
const clipGradient = defineShader({
  name: "clipped coefficients' gradient",
  bindings: { coefficients: 'f32', gradient: 'in-out f32' },
  parameters: { size: 'u32', clip: 'f32' },
  body: `${EACH_ELEMENT} if (abs(coefficients[i]) > parameters.clip) { gradient[i] = 0.0; }`,
});

/** What rows are added to: nothing, another matrix, or what is in y. */
type Start = 'zero' | 'start' | 'y';

type CombinationParameters = 'size' | 'd' | 'width' | 'first' | 'stride' | 'offset';

/** y[r] = start[r] + Σ_j (factors[r, first + stride j] + offset) x_j[r] for rows of d numbers. */
const makeCombination = (count: number, start: Start): Shader<string, CombinationParameters> =>
  defineShader<string, CombinationParameters>({
    name: `combination of ${count} ${start}`,
    bindings: {
      factors: 'f32',
      ...Object.fromEntries(namesOf('x', count).map((name) => [name, 'f32'])),
      ...(start === 'start' ? { start: 'f32' } : {}),
      y: start === 'y' ? 'in-out f32' : 'out f32',
    },
    parameters: { size: 'u32', d: 'u32', width: 'u32', first: 'u32', stride: 'u32', offset: 'f32' },
    body: `${EACH_ELEMENT}
  let place = i / parameters.d * parameters.width + parameters.first;
  var sum = ${start === 'zero' ? '0.0' : `${start}[i]`};
  ${namesOf('x', count)
    .map((name, j) => `sum = fma(factors[place + ${j}u * parameters.stride] + parameters.offset, ${name}[i], sum);`)
    .join('\n')}
  y[i] = sum;
`,
  });

/** products[r, first + j] = x[r] · x_j[r] */
const makeDots = (count: number): Shader<string, 'n' | 'd' | 'width' | 'first'> =>
  defineShader<string, 'n' | 'd' | 'width' | 'first'>({
    name: `dots with ${count}`,
    bindings: {
      x: 'f32',
      ...Object.fromEntries(namesOf('x', count).map((name) => [name, 'f32'])),
      products: 'in-out f32',
    },
    parameters: { n: 'u32', d: 'u32', width: 'u32', first: 'u32' },
    workgroupSize: [ROW_THREADS, 1],
    declarations: sumOf(ROW_THREADS),
    body: `${EACH_ROW}
  let begin = row * parameters.d;
  let place = row * parameters.width + parameters.first;
  ${namesOf('part', count)
    .map((part) => `var ${part} = 0.0;`)
    .join(' ')}
  for (var i = begin + lane; i < begin + parameters.d; i += ${ROW_THREADS}u) {
    ${namesOf('part', count)
      .map((part, j) => `${part} = fma(x[i], x${j}[i], ${part});`)
      .join('\n')}
  }
  ${namesOf('part', count)
    .map((part, j) => `let sum${j} = sumOf(${part}, lane); if (lane == 0u) { products[place + ${j}u] = sum${j}; }`)
    .join('\n')}
`,
  });

const combinations = Object.fromEntries(
  (['zero', 'start', 'y'] as const).map((start) => [
    start,
    namesOf('', TERMS).map((_, i) => makeCombination(i + 1, start)),
  ]),
) as Record<Start, Shader<string, CombinationParameters>[]>;
const dots = namesOf('', TERMS).map((_, i) => makeDots(i + 1));

interface Factors {
  /** [n, width] */
  factors: TensorInfo;
  width: number;
  first: number;
  stride: number;
  /** Added to each. */
  offset?: number;
}

type Backend = KernelArguments['backend'];

/** start + Σ_j (factors_j + offset) x_j, row by row. */
function combine(
  backend: Backend,
  start: TensorInfo | undefined,
  xs: readonly TensorInfo[],
  { factors, width, first, stride, offset = 0 }: Factors,
): TensorInfo {
  const { shape } = xs[0]!;
  const { n, d } = asRows(xs[0]!);
  const y = backend.output(shape);
  for (let at = 0; at < xs.length; at += TERMS) {
    const count = Math.min(TERMS, xs.length - at);
    const from = at > 0 ? 'y' : start === undefined ? 'zero' : 'start';
    const tensors = { factors, ...bound('x', xs, at, count), ...(from === 'start' ? { start: start! } : {}), y };
    const parameters = { size: n * d, d, width, first: first + at * stride, stride, offset };
    combinations[from][count - 1]!(backend, tensors, parameters, elementGroups(n * d));
  }
  return y;
}

/** products[r, first + j] = x[r] · ys_j[r]; products [n, width] */
function multiplyRows(
  backend: Backend,
  x: TensorInfo,
  ys: readonly TensorInfo[],
  { products, first }: { products: TensorInfo; first: number },
): void {
  const { n, d } = asRows(x);
  for (let at = 0; at < ys.length; at += TERMS) {
    const count = Math.min(TERMS, ys.length - at);
    const parameters = { n, d, width: products.shape[1]!, first: first + at };
    dots[count - 1]!(backend, { x, ...bound('x', ys, at, count), products }, parameters, spread(n));
  }
}

const difference = defineShader({
  name: 'difference',
  bindings: { a: 'f32', b: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} y[i] = a[i] - b[i];`,
});

function subtract(backend: Backend, a: TensorInfo, b: TensorInfo): TensorInfo {
  const y = backend.output(a.shape);
  const size = sizeOf(a.shape);
  difference(backend, { a, b, y }, { size }, elementGroups(size));
  return y;
}

/**
 * norm [d], weight [a, d], coefficients [count, a].
 *
 * @param x the rows that the router reads
 */
function readRouter({ inputs, attrs }: KernelArguments, x: TensorInfo, count: number) {
  const [norm, weight, coefficients] = [
    tensor(inputs, 'norm'),
    tensor(inputs, 'weight'),
    tensor(inputs, 'coefficients'),
  ];
  const copies = attrs['copies'] as number;
  const { n, d } = asRows(x);
  expectShape('norm', norm, [d]);
  expectShape('weight', weight, [copies, d]);
  expectShape('coefficients', coefficients, [count, copies]);
  const parameters = {
    n,
    d,
    copies,
    count,
    centered: attrs['centered'] === true ? 1 : 0,
    epsilon: attrs['epsilon'] as number,
    unitOffset: attrs['unitOffset'] === true ? 1 : 0,
    clip: attrs['clip'] as number,
  };
  return { x, norm, weight, coefficients, parameters };
}

type Router = ReturnType<typeof readRouter>;

/** modalities [n, a], and the mixture [n, count], which is the caller's to dispose of. */
function routeRows(backend: Backend, { x, norm, weight, coefficients, parameters }: Router) {
  const { n, copies, count } = parameters;
  const [modalities, mixture] = [backend.output([n, copies]), backend.output([n, count])];
  route(backend, { x, norm, weight, coefficients, modalities, mixture }, parameters, spread(n));
  return { modalities, mixture };
}

/**
 * The mixture [n, count] again, of the modalities that were kept: what {@link routeRows} makes costs little beside what the copies do.
 */
function mixtureOf(backend: Backend, router: Router): TensorInfo {
  const { modalities, mixture } = routeRows(backend, router);
  backend.disposeData(modalities.dataId);
  return mixture;
}

/** dNorm, dWeight, dCoefficients, given that of the mixture; what the router read has its gradient added in dX. */
function routerGradients(
  backend: Backend,
  { x, norm, weight, coefficients, parameters }: Router,
  modalities: TensorInfo,
  dMixture: TensorInfo,
  dX: TensorInfo,
): TensorInfo[] {
  const { n, d, copies, count, unitOffset, clip } = parameters;
  const rows = backend.output([n, copies + 2]);
  const tensors = { x, norm, weight, coefficients, modalities, dMixture, rows, dX };
  routeGradient(backend, tensors, parameters, spread(n));
  const gradients = [norm, weight, coefficients].map(({ shape }) => backend.output(shape));
  const [dNorm, dWeight, dCoefficients] = gradients as [TensorInfo, TensorInfo, TensorInfo];
  const ofWeights = { x, norm, weight, rows, dNorm, dWeight };
  routerWeightGradients(backend, ofWeights, { n, d, copies, unitOffset }, columnGroups(d));
  multiply(backend, { a: dMixture, b: modalities, y: dCoefficients, m: count, n: copies, k: n, transposeA: true });
  const size = count * copies;
  if (clip !== 0) clipGradient(backend, { coefficients, gradient: dCoefficients }, { size, clip }, elementGroups(size));
  for (const each of [rows, dMixture]) backend.disposeData(each.dataId);
  return gradients;
}

/** The inputs `name0` …, one for each copy. */
function copiesOf({ inputs, attrs }: KernelArguments, name: string) {
  const tensors = tensorList(inputs, name, attrs['copies'] as number);
  return { shape: shapeOfAll(name, tensors), tensors };
}

function expectLike(name: string, x: TensorInfo, shape: readonly number[], modalities: TensorInfo): void {
  expectShape(name, x, shape);
  expectShape('residual0', modalities, [asRows(x).n, modalities.shape[1]!]);
}

export const altUpKernels: Kernels = {
  /** norm [d], weight [a, d], coefficients [a², a], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpPredict(args) {
    const { attrs, backend } = args;
    const { tensors: copies } = copiesOf(args, 'copy');
    const a = copies.length;
    const router = readRouter(args, copies[attrs['active'] as number]!, a * a);
    const { modalities, mixture } = routeRows(backend, router);
    const factors = { factors: mixture, width: a * a, stride: 1 };
    const ys = copies.map((copy, i) => combine(backend, copy, copies, { ...factors, first: i * a }));
    backend.disposeData(mixture.dataId);
    return [...ys, modalities];
  },

  /** dValue0 … [..., d], norm, weight, coefficients, copy0 …, residual0 = modalities → dNorm, dWeight, dCoefficients, dCopy0 … */
  AltUpPredictGrad(args) {
    const { inputs, attrs, backend } = args;
    const [{ shape, tensors: copies }, { tensors: dValues }] = [copiesOf(args, 'copy'), copiesOf(args, 'dValue')];
    const [a, active] = [copies.length, attrs['active'] as number];
    const router = readRouter(args, copies[active]!, a * a);
    const modalities = tensor(inputs, 'residual0');
    expectLike('dValue0', dValues[0]!, shape, modalities);
    const mixture = mixtureOf(backend, router);
    const factors = { factors: mixture, width: a * a, stride: a };
    const dCopies = dValues.map((dValue, j) => combine(backend, dValue, dValues, { ...factors, first: j }));
    const dMixture = mixture; // in its memory, as nothing needs it any more
    dValues.forEach((dValue, i) => multiplyRows(backend, dValue, copies, { products: dMixture, first: i * a }));
    return [...routerGradients(backend, router, modalities, dMixture, dCopies[active]!), ...dCopies];
  },

  /** norm [d], weight [a, d], coefficients [a, a], output [..., d], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpCorrect(args) {
    const { inputs, attrs, backend } = args;
    const { shape, tensors: predictions } = copiesOf(args, 'copy');
    const a = predictions.length;
    const output = tensor(inputs, 'output');
    expectShape('output', output, shape);
    const { modalities, mixture } = routeRows(backend, readRouter(args, output, a));
    const innovation = subtract(backend, output, predictions[attrs['active'] as number]!);
    const factors = { factors: mixture, width: a, stride: 1, offset: 1 };
    const ys = predictions.map((each, i) => combine(backend, each, [innovation], { ...factors, first: i }));
    for (const each of [mixture, innovation]) backend.disposeData(each.dataId);
    return [...ys, modalities];
  },

  /**
   * dValue0 … [..., d], norm, weight, coefficients, output, prediction, residual0 = modalities → dNorm, dWeight, dCoefficients, dOutput,
   * dCopy0 …, of which all but the active one's are the dValues
   */
  AltUpCorrectGrad(args) {
    const { inputs, attrs, backend } = args;
    const { shape, tensors: dValues } = copiesOf(args, 'dValue');
    const [a, active] = [dValues.length, attrs['active'] as number];
    const [output, prediction] = [tensor(inputs, 'output'), tensor(inputs, 'prediction')];
    const modalities = tensor(inputs, 'residual0');
    expectLike('output', output, shape, modalities);
    expectShape('prediction', prediction, shape);
    const router = readRouter(args, output, a);
    const mixture = mixtureOf(backend, router);
    const factors = { factors: mixture, width: a, first: 0, stride: 1, offset: 1 };
    const dOutput = combine(backend, undefined, dValues, factors);
    const dPrediction = subtract(backend, dValues[active]!, dOutput);
    const innovation = subtract(backend, output, prediction);
    multiplyRows(backend, innovation, dValues, { products: mixture, first: 0 });
    backend.disposeData(innovation.dataId);
    const dRouter = routerGradients(backend, router, modalities, mixture, dOutput);
    const dCopies = dValues.map((dValue, i) => (i === active ? dPrediction : backend.share(dValue, shape)));
    return [...dRouter, dOutput, ...dCopies];
  },
};
