/** @file The statistical top-k of Gemma 3n. */
import { ROW_MOMENTS } from '../row-moments.ts';
import { defineShader, EACH_ROW, ROW_THREADS, spread, sumOf } from '../shader.ts';
import { asRows, expectShape, type Kernels, residualsOfRows, tensor } from './kernel.ts';

const forward = defineShader({
  name: 'gaussian top k',
  bindings: { x: 'f32', y: 'out f32', mean: 'out f32', deviation: 'out f32' },
  parameters: { n: 'u32', d: 'u32', deviations: 'f32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${ROW_MOMENTS}
  let spread = sqrt(variance);
  let cutOff = middle + parameters.deviations * spread;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let above = x[first + j] - cutOff;
    y[first + j] = select(above, 0.0, above < 0.0); // what is no number stays
  }
  if (lane == 0u) {
    mean[row] = middle;
    deviation[row] = spread;
  }
`,
});

/** d cutOff / dx = (1 + deviations (x − mean) / deviation) / d; of equal numbers the deviation has no slope. */
const gradient = defineShader({
  name: "gaussian top k's gradient",
  bindings: { dValue: 'f32', x: 'f32', mean: 'f32', deviation: 'f32', dX: 'out f32' },
  parameters: { n: 'u32', d: 'u32', deviations: 'f32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: sumOf(ROW_THREADS),
  body: `${EACH_ROW}
  let first = row * parameters.d;
  let middle = mean[row];
  let spread = deviation[row];
  let cutOff = middle + parameters.deviations * spread;
  var part = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) { part += select(dValue[first + j], 0.0, x[first + j] <= cutOff); }
  let total = sumOf(part, lane) / f32(parameters.d);
  var slope = 0.0;
  if (spread > 0.0) { slope = parameters.deviations / spread; }
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    let passed = select(dValue[first + j], 0.0, x[first + j] <= cutOff);
    dX[first + j] = passed - total * (1.0 + (x[first + j] - middle) * slope);
  }
`,
});

export const gaussianTopKKernels: Kernels = {
  /** x [..., d] → y [..., d], mean [n, 1], standardDeviation [n, 1] */
  GaussianTopK({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const [y, mean, deviation] = [backend.output(x.shape), backend.output([n, 1]), backend.output([n, 1])];
    const deviations = attrs['deviations'] as number;
    forward(backend, { x, y, mean, deviation }, { n, d, deviations }, spread(n));
    return [y, mean, deviation];
  },

  /** dValue, x [..., d], residual0 = mean [n, 1], residual1 = standardDeviation [n, 1] → dX */
  GaussianTopKGrad({ inputs, attrs, backend }) {
    const [dValue, x] = [tensor(inputs, 'dValue'), tensor(inputs, 'x')];
    const { n, d } = asRows(x);
    const [mean, deviation] = residualsOfRows(inputs, n);
    expectShape('dValue', dValue, x.shape);
    const dX = backend.output(x.shape);
    const deviations = attrs['deviations'] as number;
    gradient(backend, { dValue, x, mean, deviation, dX }, { n, d, deviations }, spread(n));
    return dX;
  },
};
