/** @file RMSNorm, alone or with its input as a second value. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { columnGroups, EACH_COLUMN, OVER_ROWS, sumOfRows, WRITES_COLUMN } from '../column-sums.ts';
import { defineShader, EACH_ROW, ROW_THREADS, spread, sumOf } from '../shader.ts';
import { asRows, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';

/** How a row is scaled: by the weight, by 1 + weight, or by nothing. */
type Scaling = 'weight' | '1 + weight' | '1';
const SCALINGS = ['weight', '1 + weight', '1'] as const;
const factorOf = (scaling: Scaling, place: string): string =>
  scaling === '1' ? '1.0' : scaling === 'weight' ? `weight[${place}]` : `(1.0 + weight[${place}])`;

const forwards = forEach((scaling) =>
  defineShader({
    name: `rms norm, ${scaling}`,
    bindings: { x: 'f32', weight: 'f32', y: 'out f32', inverseRms: 'out f32' },
    parameters: { n: 'u32', d: 'u32', epsilon: 'f32' },
    workgroupSize: [ROW_THREADS, 1],
    declarations: sumOf(ROW_THREADS),
    body: `${EACH_ROW}
  let first = row * parameters.d;
  var squares = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { squares += x[first + j] * x[first + j]; }
  let inverse = 1.0 / sqrt(sumOf(squares, lane) / f32(parameters.d) + parameters.epsilon);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { y[first + j] = x[first + j] * inverse * ${factorOf(scaling, 'j')}; }
  if (lane == 0u) { inverseRms[row] = inverse; }
`,
  }),
);

const gradients = forEach((scaling) =>
  defineShader({
    name: `rms norm's gradient, ${scaling}`,
    bindings: { dValue: 'f32', x: 'f32', weight: 'f32', inverseRms: 'f32', other: 'f32', dX: 'out f32' },
    parameters: { n: 'u32', d: 'u32', hasOther: 'u32' },
    workgroupSize: [ROW_THREADS, 1],
    declarations: sumOf(ROW_THREADS),
    body: `${EACH_ROW}
  let first = row * parameters.d;
  let inverse = inverseRms[row];
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    products += dValue[first + j] * ${factorOf(scaling, 'j')} * x[first + j] * inverse;
  }
  let projection = sumOf(products, lane) / f32(parameters.d);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let dNormed = dValue[first + j] * ${factorOf(scaling, 'j')};
    var change = (dNormed - x[first + j] * inverse * projection) * inverse;
    if (parameters.hasOther != 0u) { change += other[first + j]; }
    dX[first + j] = change;
  }
`,
  }),
);

const weightGradient = defineShader({
  name: "rms norm's gradient, of the weight",
  bindings: { dValue: 'f32', x: 'f32', inverseRms: 'f32', dWeight: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  declarations: OVER_ROWS,
  body: `${EACH_COLUMN}
  ${sumOfRows('part', 'dValue[at] * x[at] * inverseRms[row]')}
  let total = overRows(part, lane);
  if (${WRITES_COLUMN}) { dWeight[column] = total; }
`,
});

function forEach<T>(make: (scaling: Scaling) => T): Record<Scaling, T> {
  return Object.fromEntries(SCALINGS.map((scaling) => [scaling, make(scaling)])) as Record<Scaling, T>;
}

function scalingOf(
  { inputs, attrs }: KernelArguments,
  d: number,
): { scaling: Scaling; weight: TensorInfo | undefined } {
  const weight = inputs['weight'];
  if (weight === undefined) return { scaling: '1', weight };
  expectShape('weight', weight, [d]);
  return { scaling: attrs['unitOffset'] === true ? '1 + weight' : 'weight', weight };
}

/** @returns y [..., d], inverseRms [n, 1] */
function normalize(args: KernelArguments): [TensorInfo, TensorInfo] {
  const { inputs, attrs, backend } = args;
  const x = tensor(inputs, 'x');
  const { n, d } = asRows(x);
  const { scaling, weight = x } = scalingOf(args, d);
  const [y, inverseRms] = [backend.output(x.shape), backend.output([n, 1])];
  forwards[scaling](backend, { x, weight, y, inverseRms }, { n, d, epsilon: attrs['epsilon'] as number }, spread(n));
  return [y, inverseRms];
}

/** @returns dX, and dWeight where there is a weight */
function gradient(args: KernelArguments, dValue: TensorInfo, dResidual: TensorInfo | undefined): TensorInfo[] {
  const { inputs, backend } = args;
  const [x, inverseRms] = [tensor(inputs, 'x'), tensor(inputs, 'residual0')];
  const { n, d } = asRows(x);
  expectShape('the gradient', dValue, x.shape);
  if (dResidual !== undefined) expectShape('the residual’s gradient', dResidual, x.shape);
  expectShape('residual0', inverseRms, [n, 1]);
  const { scaling, weight } = scalingOf(args, d);
  const dX = backend.output(x.shape);
  const tensors = { dValue, x, weight: weight ?? x, inverseRms, other: dResidual ?? x, dX };
  gradients[scaling](backend, tensors, { n, d, hasOther: dResidual === undefined ? 0 : 1 }, spread(n));
  if (weight === undefined) return [dX];
  const dWeight = backend.output([d]);
  weightGradient(backend, { dValue, x, inverseRms, dWeight }, { n, d }, columnGroups(d));
  return [dX, dWeight];
}

export const rmsNormKernels: Kernels = {
  /** x [..., d], weight [d] or none → y [..., d], inverseRms [n, 1] */
  RmsNorm: normalize,
  /** dValue, x [..., d], weight [d] or none, residual0 = inverseRms [n, 1] → dX, and dWeight where there is a weight */
  RmsNormGrad: (args) => gradient(args, tensor(args.inputs, 'dValue'), undefined),

  /** x [..., d], weight [d] or none → y [..., d], x, inverseRms [n, 1] */
  RmsNormResidual(args) {
    const [y, inverseRms] = normalize(args);
    const x = tensor(args.inputs, 'x');
    return [y, args.backend.share(x, x.shape), inverseRms];
  },
  /** dValue0 by y, dValue1 by x, and the rest of RmsNormGrad → the same */
  RmsNormResidualGrad: (args) => gradient(args, tensor(args.inputs, 'dValue0'), tensor(args.inputs, 'dValue1')),
};
