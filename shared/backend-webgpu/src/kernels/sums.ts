/** @file Sums of tensors. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { defineShader, EACH_ELEMENT, elementGroups, type Shader } from '../shader.ts';
import { type Kernels, sameShape, shapeOfAll, sizeOf, tensor } from './kernel.ts';
import { runTfjsKernel } from './tfjs-kernel.ts';

/** Terms that a shader adds at once: devices bind few buffers. */
export const TERMS = 4;

/** The names `name0` … of that count. */
export const namesOf = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);

/** The terms from `first` on that a shader of `count` terms binds, by their names. */
export const bound = (name: string, tensors: readonly TensorInfo[], first: number, count: number) =>
  Object.fromEntries(namesOf(name, count).map((each, i) => [each, tensors[first + i]!]));

/** y = (x0 + x1 …) factor, or with what is in y already before the first. */
const makeSum = (count: number, accumulate: boolean): Shader<string, 'size' | 'factor'> =>
  defineShader<string, 'size' | 'factor'>({
    name: `sum of ${count} ${accumulate}`,
    bindings: {
      ...Object.fromEntries(namesOf('x', count).map((name) => [name, 'f32'])),
      y: accumulate ? 'in-out f32' : 'out f32',
    },
    parameters: { size: 'u32', factor: 'f32' },
    body: `${EACH_ELEMENT}
  y[i] = (${[...(accumulate ? ['y'] : []), ...namesOf('x', count)].map((name) => `${name}[i]`).join(' + ')}) * parameters.factor;
`,
  });

const shaders = [false, true].map((accumulate) => namesOf('', TERMS).map((_, i) => makeSum(i + 1, accumulate)));

/** (x0 + x1 …) factor of tensors of one shape, at least one, in the order in which they are given. */
export function sumOfAll(backend: WebGpuBackend, tensors: readonly TensorInfo[], factor = 1): TensorInfo {
  const shape = shapeOfAll('x', tensors);
  const y = backend.output(shape);
  const size = sizeOf(shape);
  for (let first = 0; first < tensors.length; first += TERMS) {
    const count = Math.min(TERMS, tensors.length - first);
    const isLast = first + count === tensors.length;
    const shader = shaders[first === 0 ? 0 : 1]![count - 1]!;
    const parameters = { size, factor: isLast ? factor : 1 };
    shader(backend, { ...bound('x', tensors, first, count), y }, parameters, elementGroups(size));
  }
  return y;
}

/** a + b, of one shape. */
export const sumOfTwo = (backend: WebGpuBackend, a: TensorInfo, b: TensorInfo): TensorInfo => sumOfAll(backend, [a, b]);

export const sumKernels: Kernels = {
  /** Of one shape, float32, as gradients are that come from several sides; all else tfjs adds. */
  Add(args) {
    const [a, b] = [tensor(args.inputs, 'a'), tensor(args.inputs, 'b')];
    const isOurs = a.dtype === 'float32' && b.dtype === 'float32' && sameShape(a.shape, b.shape);
    return isOurs ? sumOfTwo(args.backend, a, b) : runTfjsKernel('Add', args);
  },

  /** Tensors of one shape, float32 → their sum, in the order in which they are given. tfjs would bind them all at once, which no device takes. */
  AddN({ inputs, backend }) {
    const tensors = Object.values(inputs) as TensorInfo[];
    const [first, ...others] = tensors;
    return first !== undefined && others.length === 0 ? backend.share(first, first.shape) : sumOfAll(backend, tensors);
  },
};
