/** @file Sums of tensors. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { expectShape, type Kernels, sizeOf } from './kernel.ts';

const add = defineShader({
  name: 'add',
  bindings: { a: 'f32', b: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} y[i] = a[i] + b[i];`,
});

const accumulate = defineShader({
  name: 'accumulate',
  bindings: { x: 'f32', y: 'in-out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} y[i] = y[i] + x[i];`,
});

/** a + b, of one shape. */
export function sumOfTwo(backend: WebGpuBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  const size = sizeOf(a.shape);
  const y = backend.output(a.shape);
  add(backend, { a, b, y }, { size }, elementGroups(size));
  return y;
}

export const sumKernels: Kernels = {
  /** Tensors of one shape, float32 → their sum, in the order in which they are given. tfjs would bind them all at once, which no device takes. */
  AddN({ inputs, backend }) {
    const [first, second, ...others] = Object.values(inputs) as TensorInfo[];
    if (first === undefined) throw new TypeError('there is nothing to add');
    if (second === undefined) return backend.share(first, first.shape);
    [second, ...others].forEach((each, i) => expectShape(`input ${i + 1}`, each, first.shape));
    const y = sumOfTwo(backend, first, second);
    const size = sizeOf(first.shape);
    for (const x of others) accumulate(backend, { x, y }, { size }, elementGroups(size));
    return y;
  },
};
