/** @file The optimizer's step over all parameters, and the norm of all gradients. */
import { type AdamWNumbers, adamWSettings } from '@arrowsmith/backend-native/adamw-settings';
import { LEAST_NORM, type MuonNumbers, muonSettings, NEWTON_SCHULZ } from '@arrowsmith/backend-native/muon-settings';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { multiply } from '../products.ts';
import { defineShader, EACH_ELEMENT, elementGroups, sumOf, THREADS } from '../shader.ts';
import { expectShape, type Kernels, sizeOf, tensorList } from './kernel.ts';

/** In place. What changes from step to step is in a buffer, and not among the parameters, of which each set has one of its own. */
const adamW = defineShader({
  name: 'AdamW',
  bindings: { parameter: 'in-out f32', gradient: 'f32', first: 'in-out f32', second: 'in-out f32', settings: 'f32' },
  parameters: { size: 'u32', which: 'u32' },
  body: `${EACH_ELEMENT}
  let beta1 = settings[0];
  let beta2 = settings[1];
  let epsilon = settings[2];
  let gradientScale = settings[3];
  let rootScale = settings[4]; // 1 / √(1 − β₂ᵗ)
  let rate = settings[5u + 2u * parameters.which]; // the learning rate / (1 − β₁ᵗ)
  let kept = settings[6u + 2u * parameters.which]; // what decay leaves of the parameter
  let g = gradient[i] * gradientScale;
  let m = beta1 * first[i] + (1.0 - beta1) * g;
  let v = beta2 * second[i] + (1.0 - beta2) * g * g;
  first[i] = m;
  second[i] = v;
  parameter[i] = parameter[i] * kept - m / (sqrt(v) * rootScale + epsilon) * rate;
`,
});

/** Squares of so many elements at most are a workgroup's. */
const PART = 65_536;

/** The sum of each part's squares, from `first` on in y. */
const squares = defineShader({
  name: 'squares',
  bindings: { x: 'f32', y: 'in-out f32' },
  parameters: { size: 'u32', first: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  let begin = group.x * ${PART}u;
  let end = min(begin + ${PART}u, parameters.size);
  var sum = 0.0;
  for (var i = begin + lane; i < end; i += ${THREADS}u) { sum += x[i] * x[i]; }
  let total = sumOf(sum, lane);
  if (lane == 0u) { y[parameters.first + group.x] = total; }
`,
});

const rootOfSum = defineShader({
  name: 'root of a sum',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  var sum = 0.0;
  for (var i = lane; i < parameters.size; i += ${THREADS}u) { sum += x[i]; }
  let total = sumOf(sum, lane);
  if (lane == 0u) { y[0] = sqrt(total); }
`,
});

/** The same, but infinite where a factor of a product was too large for 16 bits: by bits, as compilers may take it for granted that nothing is infinite. */
const rootOrOverflow = defineShader({
  name: 'root of a sum, or overflow',
  bindings: { x: 'f32', y: 'out i32', overflow: 'atomics' },
  parameters: { size: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  var sum = 0.0;
  for (var i = lane; i < parameters.size; i += ${THREADS}u) { sum += x[i]; }
  let total = sumOf(sum, lane);
  if (lane == 0u) { y[0] = select(bitcast<i32>(sqrt(total)), 0x7f800000, atomicLoad(&overflow[0]) != 0u); }
`,
});

/** Of one matrix of a stack, whose first element is number `origin`: its momentum in place, and in x what becomes orthogonal, which looks one step ahead (Nesterov). */
const lookAhead = defineShader({
  name: "Muon's momentum",
  bindings: { gradient: 'f32', momentum: 'in-out f32', x: 'out f32', settings: 'f32' },
  parameters: { size: 'u32', origin: 'u32' },
  body: `${EACH_ELEMENT}
  let beta = settings[0];
  let g = (1.0 - beta) * settings[1] * gradient[parameters.origin + i];
  let m = beta * momentum[parameters.origin + i] + g;
  momentum[parameters.origin + i] = m;
  x[i] = beta * m + g;
`,
});

const divideByNorm = defineShader({
  name: 'division by a norm',
  bindings: { x: 'in-out f32', norm: 'f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT}
  x[i] /= max(norm[0], ${LEAST_NORM});
`,
});

/** What a Newton–Schulz step multiplies with, in place of X Xᵀ; the square is that of X Xᵀ. */
const newtonSchulz = defineShader({
  name: 'factor of a Newton-Schulz step',
  bindings: { gram: 'in-out f32', square: 'f32' },
  parameters: { size: 'u32', side: 'u32' },
  body: `${EACH_ELEMENT}
  let identity = select(0.0, ${NEWTON_SCHULZ.ofMatrix}, i % (parameters.side + 1u) == 0u);
  gram[i] = identity + ${NEWTON_SCHULZ.ofCube} * gram[i] + ${NEWTON_SCHULZ.ofFifth} * square[i];
`,
});

const step = defineShader({
  name: "Muon's step",
  bindings: { parameter: 'in-out f32', x: 'f32', settings: 'f32' },
  parameters: { size: 'u32', origin: 'u32', which: 'u32' },
  body: `${EACH_ELEMENT}
  let rate = settings[2u + 2u * parameters.which];
  let kept = settings[3u + 2u * parameters.which];
  let place = parameters.origin + i;
  parameter[place] = parameter[place] * kept - rate * x[i];
`,
});

/** Matrices [rows, columns] and [side, side] of the shorter side, in which one after the other is made orthogonal. */
interface Workspace {
  x: TensorInfo;
  next: TensorInfo;
  gram: TensorInfo;
  square: TensorInfo;
}

/** From U S Vᵀ in `x` about U Vᵀ there. @returns the workspace, in which x may have changed places with next */
function orthogonalize(backend: WebGpuBackend, { x, next, gram, square }: Workspace): Workspace {
  const [rows, columns] = x.shape as [number, number];
  const size = rows * columns;
  const side = Math.min(rows, columns);
  const isTall = rows > columns;
  const norm = normOf(backend, [x], undefined);
  divideByNorm(backend, { x, norm }, { size }, elementGroups(size));
  backend.disposeData(norm.dataId);
  for (let count = 0; count < NEWTON_SCHULZ.steps; count++) {
    const k = isTall ? rows : columns;
    multiply(backend, { a: x, b: x, y: gram, m: side, n: side, k, transposeA: isTall, transposeB: !isTall });
    multiply(backend, { a: gram, b: gram, y: square, m: side, n: side, k: side });
    newtonSchulz(backend, { gram, square }, { size: side * side, side }, elementGroups(side * side));
    const [a, b] = isTall ? [x, gram] : [gram, x];
    multiply(backend, { a, b, y: next, m: rows, n: columns, k: side });
    [x, next] = [next, x];
  }
  return { x, next, gram, square };
}

/** The root of the sum of all squares; infinite where a product has overflowed, if there is a place that says so. */
function normOf(backend: WebGpuBackend, tensors: readonly TensorInfo[], overflow: TensorInfo | undefined): TensorInfo {
  const parts = tensors.map(({ shape }) => Math.ceil(sizeOf(shape) / PART));
  const sums = backend.output([parts.reduce((all, each) => all + each, 0)]);
  let first = 0;
  tensors.forEach((x, i) => {
    squares(backend, { x, y: sums }, { size: sizeOf(x.shape), first }, [parts[i]!]);
    first += parts[i]!;
  });
  const norm = backend.output([]);
  if (overflow === undefined) rootOfSum(backend, { x: sums, y: norm }, { size: first }, [1]);
  else rootOrOverflow(backend, { x: sums, y: norm, overflow }, { size: first }, [1]);
  backend.disposeData(sums.dataId);
  return norm;
}

function settingsOf(backend: WebGpuBackend, values: Float32Array): TensorInfo {
  return backend.makeTensorInfo([values.length], 'float32', values);
}

export const optimizerKernels: Kernels = {
  /**
   * parameter0 …, gradient0 …, firstMoment0 …, secondMoment0 …, settings (`adamWSettings`) or none → parameters, first moments, second moments. The
   * state is taken over: it changes in place where nothing else refers to its memory.
   */
  AdamW({ inputs, attrs, backend }) {
    const count = attrs['count'] as number;
    const list = (name: string) => tensorList(inputs, name, count);
    const gradients = list('gradient');
    const state = ['parameter', 'firstMoment', 'secondMoment'].map((name) =>
      list(name).map((each, i) => {
        expectShape(`${name}${i}`, each, gradients[i]!.shape);
        return backend.takeOver(each);
      }),
    ) as [TensorInfo[], TensorInfo[], TensorInfo[]];
    const settings = inputs['settings'] ?? settingsOf(backend, adamWSettings(attrs as unknown as AdamWNumbers));
    gradients.forEach((gradient, which) => {
      const size = sizeOf(gradient.shape);
      const [parameter, first, second] = state.map((each) => each[which]!) as [TensorInfo, TensorInfo, TensorInfo];
      adamW(backend, { parameter, gradient, first, second, settings }, { size, which }, elementGroups(size));
    });
    if (inputs['settings'] === undefined) backend.disposeData(settings.dataId);
    return state.flat();
  },

  /**
   * parameter0 [rows, columns] or [count, rows, columns] …, gradient0 …, momentum0 …, settings (`muonSettings`) or none → parameters, momenta. The
   * state is taken over, as AdamW's.
   */
  Muon({ inputs, attrs, backend }) {
    const list = (name: string) => tensorList(inputs, name, attrs['count'] as number);
    const gradients = list('gradient');
    const [parameters, momenta] = ['parameter', 'momentum'].map((name) =>
      list(name).map((each, i) => {
        expectShape(`${name}${i}`, each, gradients[i]!.shape);
        return backend.takeOver(each);
      }),
    ) as [TensorInfo[], TensorInfo[]];
    const shapes = gradients.map(({ shape }) => shape);
    const settings =
      inputs['settings'] ?? settingsOf(backend, muonSettings({ ...(attrs as unknown as MuonNumbers), shapes }));
    gradients.forEach((gradient, which) => {
      const [parameter, momentum] = [parameters[which]!, momenta[which]!];
      const [rows, columns] = gradient.shape.slice(-2) as [number, number];
      const [size, side] = [rows * columns, Math.min(rows, columns)];
      let work: Workspace = {
        x: backend.output([rows, columns]),
        next: backend.output([rows, columns]),
        gram: backend.output([side, side]),
        square: backend.output([side, side]),
      };
      for (let origin = 0; origin < sizeOf(gradient.shape); origin += size) {
        lookAhead(backend, { gradient, momentum, x: work.x, settings }, { size, origin }, elementGroups(size));
        work = orthogonalize(backend, work);
        step(backend, { parameter, x: work.x, settings }, { size, origin, which }, elementGroups(size));
      }
      for (const { dataId } of Object.values(work) as TensorInfo[]) backend.disposeData(dataId);
    });
    if (inputs['settings'] === undefined) backend.disposeData(settings.dataId);
    return [...parameters, ...momenta];
  },

  /** x0 … → the root of the sum of all squares, a scalar; infinite where products overflowed since the backend forgot it */
  GlobalNorm({ inputs, attrs, backend }) {
    const tensors = tensorList(inputs, 'x', attrs['count'] as number);
    return normOf(backend, tensors, backend.overflow);
  },
};
