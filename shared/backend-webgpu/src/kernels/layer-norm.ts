/** @file LayerNorm without bias. */
import { columnGroups, EACH_COLUMN, OVER_ROWS, sumOfRows, WRITES_COLUMN } from '../column-sums.ts';
import { ROW_MOMENTS } from '../row-moments.ts';
import { defineShader, EACH_ROW, ROW_THREADS, spread, sumOf } from '../shader.ts';
import { asRows, expectShape, type Kernels, residualsOfRows, tensor } from './kernel.ts';

const forward = defineShader({
  name: 'layer norm',
  bindings: { x: 'f32', weight: 'f32', y: 'out f32', mean: 'out f32', inverseDeviation: 'out f32' },
  parameters: { n: 'u32', d: 'u32', epsilon: 'f32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${ROW_MOMENTS}
  let inverse = 1.0 / sqrt(variance + parameters.epsilon);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { y[first + j] = (x[first + j] - middle) * inverse * weight[j]; }
  if (lane == 0u) {
    mean[row] = middle;
    inverseDeviation[row] = inverse;
  }
`,
});

/** With x̂ the normed row and g = weight · dY: dX = inverse · (g − mean(g) − x̂ · mean(g · x̂)). */
const gradient = defineShader({
  name: "layer norm's gradient",
  bindings: { dValue: 'f32', x: 'f32', weight: 'f32', mean: 'f32', inverseDeviation: 'f32', dX: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${EACH_ROW}
  let first = row * parameters.d;
  let middle = mean[row];
  let inverse = inverseDeviation[row];
  var part = 0.0;
  var products = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let g = dValue[first + j] * weight[j];
    part += g;
    products += g * ((x[first + j] - middle) * inverse);
  }
  let shift = sumOf(part, lane) / f32(parameters.d);
  let slope = sumOf(products, lane) / f32(parameters.d);
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let normed = (x[first + j] - middle) * inverse;
    dX[first + j] = (dValue[first + j] * weight[j] - shift - normed * slope) * inverse;
  }
`,
});

const weightGradient = defineShader({
  name: "layer norm's gradient, of the weight",
  bindings: { dValue: 'f32', x: 'f32', mean: 'f32', inverseDeviation: 'f32', dWeight: 'out f32' },
  parameters: { n: 'u32', d: 'u32' },
  declarations: OVER_ROWS,
  body: `${EACH_COLUMN}
  ${sumOfRows('part', 'dValue[at] * (x[at] - mean[row]) * inverseDeviation[row]')}
  let total = overRows(part, lane);
  if (${WRITES_COLUMN}) { dWeight[column] = total; }
`,
});

export const layerNormKernels: Kernels = {
  /** x [..., d], weight [d] → y [..., d], mean [n, 1], inverseDeviation [n, 1] */
  LayerNorm({ inputs, attrs, backend }) {
    const [x, weight] = [tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const { n, d } = asRows(x);
    expectShape('weight', weight, [d]);
    const [y, mean, inverseDeviation] = [backend.output(x.shape), backend.output([n, 1]), backend.output([n, 1])];
    const parameters = { n, d, epsilon: attrs['epsilon'] as number };
    forward(backend, { x, weight, y, mean, inverseDeviation }, parameters, spread(n));
    return [y, mean, inverseDeviation];
  },

  /** dValue, x [..., d], weight [d], residual0 = mean [n, 1], residual1 = inverseDeviation [n, 1] → dX, dWeight */
  LayerNormGrad({ inputs, backend }) {
    const [dValue, x, weight] = [tensor(inputs, 'dValue'), tensor(inputs, 'x'), tensor(inputs, 'weight')];
    const { n, d } = asRows(x);
    const [mean, inverseDeviation] = residualsOfRows(inputs, n);
    expectShape('dValue', dValue, x.shape);
    expectShape('weight', weight, [d]);
    const [dX, dWeight] = [backend.output(x.shape), backend.output([d])];
    gradient(backend, { dValue, x, weight, mean, inverseDeviation, dX }, { n, d }, spread(n));
    weightGradient(backend, { dValue, x, mean, inverseDeviation, dWeight }, { n, d }, columnGroups(d));
    return [dX, dWeight];
  },
};
