/** @file The optimizer's step over all parameters, and the norm of all gradients. */
import { type AdamWNumbers, adamWSettings } from '@arrowsmith/backend-native/adamw-settings';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
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

/** What a step's numbers are read from, where no recording has given it. */
export function settingsOf(backend: WebGpuBackend, values: Float32Array): TensorInfo {
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

  /** x0 … → the root of the sum of all squares, a scalar; infinite where products overflowed since the backend forgot it */
  GlobalNorm({ inputs, attrs, backend }) {
    const tensors = tensorList(inputs, 'x', attrs['count'] as number);
    const parts = tensors.map(({ shape }) => Math.ceil(sizeOf(shape) / PART));
    const sums = backend.output([parts.reduce((all, each) => all + each, 0)]);
    let first = 0;
    tensors.forEach((x, i) => {
      squares(backend, { x, y: sums }, { size: sizeOf(x.shape), first }, [parts[i]!]);
      first += parts[i]!;
    });
    const norm = backend.output([]);
    const { overflow } = backend;
    if (overflow === undefined) rootOfSum(backend, { x: sums, y: norm }, { size: first }, [1]);
    else rootOrOverflow(backend, { x: sums, y: norm, overflow }, { size: first }, [1]);
    backend.disposeData(sums.dataId);
    return norm;
  },
};
