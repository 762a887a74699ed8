/** @file What copies of the residual stream, and per-layer embeddings, are made of: sums, magnitudes, slices by layer. */
import { NUMBERS } from '../numbers.ts';
import { defineShader, EACH_ELEMENT, EACH_ROW, elementGroups, ROW_THREADS, spread, sumOf } from '../shader.ts';
import { scaled } from './elementwise.ts';
import { asRows, expectShape, type KernelArguments, type Kernels, shapeOfAll, tensor, tensorList } from './kernel.ts';
import { sumOfAll, sumOfTwo } from './sums.ts';

/** The inputs `name0` … of one shape. */
function listOf({ inputs }: KernelArguments, name: string, count: number) {
  const tensors = tensorList(inputs, name, count);
  return { shape: shapeOfAll(name, tensors), tensors };
}

/** Statements for `wanted`, the mean square of a row of `other`, and `own`, that of one of x. */
const MEAN_SQUARES = `${EACH_ROW}
  let first = row * parameters.d;
  var others = 0.0;
  var owns = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    others = fma(other[first + j], other[first + j], others);
    owns = fma(x[first + j], x[first + j], owns);
  }
  let wanted = sumOf(others, lane) / f32(parameters.d);
  let own = sumOf(owns, lane) / f32(parameters.d);
  let divisor = atLeast(own, parameters.least);
  let ratio = sqrt(wanted / divisor);
`;

const match = defineShader({
  name: 'match magnitudes',
  bindings: { other: 'f32', x: 'f32', y: 'out f32' },
  parameters: { n: 'u32', d: 'u32', least: 'f32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: NUMBERS + sumOf(ROW_THREADS),
  body: `${MEAN_SQUARES}
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { y[first + j] = ratio * x[first + j]; }
`,
});

/** y = r x with r = √(wanted / divisor): dr / dwanted = 1 / (2 r divisor), dr / ddivisor = −r / (2 divisor). */
const matchGradient = defineShader({
  name: "match magnitudes' gradient",
  bindings: { dValue: 'f32', other: 'f32', x: 'f32', dX: 'out f32', dOther: 'in-out f32' },
  parameters: { n: 'u32', d: 'u32', isFirst: 'u32', least: 'f32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: NUMBERS + sumOf(ROW_THREADS),
  body: `${MEAN_SQUARES}
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { products = fma(dValue[first + j], x[first + j], products); }
  let product = sumOf(products, lane);
  var byOther = 0.0; // a vector of zeros has no slope
  if (ratio > 0.0) { byOther = product / (ratio * divisor * f32(parameters.d)); }
  var byOwn = 0.0;
  if (own >= parameters.least) { byOwn = ratio * product / (divisor * f32(parameters.d)); }
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let i = first + j;
    dX[i] = ratio * dValue[i] - byOwn * x[i];
    var before = 0.0;
    if (parameters.isFirst == 0u) { before = dOther[i]; }
    dOther[i] = before + byOther * other[i];
  }
`,
});

const layerSlice = defineShader({
  name: 'slice of a layer',
  bindings: { a: 'f32', b: 'f32', y: 'out f32' },
  parameters: { size: 'u32', layers: 'u32', layer: 'u32', p: 'u32', factorA: 'f32', factorB: 'f32' },
  body: `${EACH_ELEMENT}
  let place = (i / parameters.p * parameters.layers + parameters.layer) * parameters.p + i % parameters.p;
  y[i] = a[place] * parameters.factorA + b[place] * parameters.factorB;
`,
});

const layerSliceGradient = defineShader({
  name: "slice of a layer's gradient",
  bindings: { dValue: 'f32', dA: 'in-out f32', dB: 'in-out f32' },
  parameters: { size: 'u32', layers: 'u32', layer: 'u32', p: 'u32', factorA: 'f32', factorB: 'f32' },
  body: `${EACH_ELEMENT}
  let place = (i / parameters.p * parameters.layers + parameters.layer) * parameters.p + i % parameters.p;
  dA[place] = dValue[i] * parameters.factorA;
  dB[place] = dValue[i] * parameters.factorB;
`,
});

function slicesOf({ attrs }: KernelArguments) {
  const number = (name: string) => attrs[name] as number;
  return { layers: number('layers'), factorA: number('factorA'), factorB: number('factorB') };
}

export const streamKernels: Kernels = {
  /** other [..., d], x0 … [..., d] → y0 … [..., d] */
  MatchMagnitudes(args) {
    const { inputs, attrs, backend } = args;
    const other = tensor(inputs, 'other');
    const xs = listOf(args, 'x', attrs['count'] as number);
    expectShape('other', other, xs.shape);
    const parameters = { ...asRows(other), least: attrs['least'] as number };
    return xs.tensors.map((x) => {
      const y = backend.output(xs.shape);
      match(backend, { other, x, y }, parameters, spread(parameters.n));
      return y;
    });
  },

  /** dValue0 … [..., d], other [..., d], x0 … [..., d] → dOther, dX0 … */
  MatchMagnitudesGrad(args) {
    const { inputs, attrs, backend } = args;
    const count = attrs['count'] as number;
    const other = tensor(inputs, 'other');
    const [xs, dValues] = [listOf(args, 'x', count), listOf(args, 'dValue', count)];
    expectShape('other', other, xs.shape);
    expectShape('dValue0', dValues.tensors[0]!, xs.shape);
    const parameters = { ...asRows(other), least: attrs['least'] as number };
    const dOther = backend.output(other.shape);
    const dXs = xs.tensors.map((x, i) => {
      const dX = backend.output(xs.shape);
      const tensors = { dValue: dValues.tensors[i]!, other, x, dX, dOther };
      matchGradient(backend, tensors, { ...parameters, isFirst: i === 0 ? 1 : 0 }, spread(parameters.n));
      return dX;
    });
    return [dOther, ...dXs];
  },

  /** a, b [..., layers · p] → y0 … [..., p] */
  SumLayerSlices(args) {
    const { inputs, backend } = args;
    const [a, b] = [tensor(inputs, 'a'), tensor(inputs, 'b')];
    expectShape('b', b, a.shape);
    const slices = slicesOf(args);
    const { n, d } = asRows(a);
    const p = d / slices.layers;
    return Array.from({ length: slices.layers }, (_, layer) => {
      const y = backend.output([...a.shape.slice(0, -1), p]);
      layerSlice(backend, { a, b, y }, { size: n * p, layer, p, ...slices }, elementGroups(n * p));
      return y;
    });
  },

  /** dValue0 … [..., p] → dA, dB [..., layers · p] */
  SumLayerSlicesGrad(args) {
    const { backend } = args;
    const slices = slicesOf(args);
    const { shape, tensors } = listOf(args, 'dValue', slices.layers);
    const { n, d: p } = asRows(tensors[0]!);
    const whole = [...shape.slice(0, -1), slices.layers * p];
    const [dA, dB] = [backend.output(whole), backend.output(whole)];
    for (const [layer, dValue] of tensors.entries()) {
      layerSliceGradient(backend, { dValue, dA, dB }, { size: n * p, layer, p, ...slices }, elementGroups(n * p));
    }
    return [dA, dB];
  },

  /** x0 … of one shape → y */
  ScaledSum({ inputs, attrs, backend }) {
    const xs = tensorList(inputs, 'x', attrs['count'] as number);
    return sumOfAll(backend, xs, attrs['factor'] as number);
  },

  /** dValue → dX0 …, which share memory */
  ScaledSumGrad({ inputs, attrs, backend }) {
    const dX = scaled(backend, tensor(inputs, 'dValue'), attrs['factor'] as number);
    const others = Array.from({ length: (attrs['count'] as number) - 1 }, () => backend.share(dX, dX.shape));
    return [dX, ...others];
  },

  /** addition, x0 … of one shape → y0 … */
  AddToEach(args) {
    const { inputs, attrs, backend } = args;
    const addition = tensor(inputs, 'addition');
    const { tensors } = listOf(args, 'x', attrs['count'] as number);
    return tensors.map((x) => sumOfTwo(backend, x, addition));
  },

  /** dValue0 … → dAddition, and dX0 …, which are the dValues */
  AddToEachGrad({ inputs, attrs, backend }) {
    const dValues = tensorList(inputs, 'dValue', attrs['count'] as number);
    return [sumOfAll(backend, dValues), ...dValues.map((dValue) => backend.share(dValue, dValue.shape))];
  },
};
