/** @file Operations on elements, each of which needs the same element of its inputs alone: factors, sigmoid, options of logits. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { NUMBERS } from '../numbers.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { expectShape, type Kernel, type Kernels, sizeOf, tensor } from './kernel.ts';

const timesFactor = defineShader({
  name: 'times a factor',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32', factor: 'f32' },
  body: `${EACH_ELEMENT} y[i] = x[i] * parameters.factor;`,
});

/** x · factor */
export function scaled(backend: WebGpuBackend, x: TensorInfo, factor: number): TensorInfo {
  const y = backend.output(x.shape);
  const size = sizeOf(x.shape);
  timesFactor(backend, { x, y }, { size, factor }, elementGroups(size));
  return y;
}

const scale =
  (name: string): Kernel =>
  ({ inputs, attrs, backend }) =>
    scaled(backend, tensor(inputs, name), attrs['factor'] as number);

const sigmoid = defineShader({
  name: 'sigmoid',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  declarations: NUMBERS,
  body: `${EACH_ELEMENT} y[i] = sigmoidOf(x[i]);`,
});

const sigmoidGradient = defineShader({
  name: "sigmoid's gradient",
  bindings: { dValue: 'f32', value: 'f32', dX: 'out f32' },
  parameters: { size: 'u32' },
  body: `${EACH_ELEMENT} dX[i] = dValue[i] * value[i] * (1.0 - value[i]);`,
});

const logitOptions = defineShader({
  name: 'options of logits',
  bindings: { products: 'f32', y: 'out f32' },
  parameters: { size: 'u32', scale: 'f32', softCap: 'f32' },
  declarations: NUMBERS,
  body: `${EACH_ELEMENT}
  var logit = products[i] * parameters.scale;
  if (parameters.softCap > 0.0) { logit = softCapped(logit, parameters.softCap); }
  y[i] = logit;
`,
});

const logitOptionsGradient = defineShader({
  name: "options of logits' gradient",
  bindings: { dValue: 'f32', value: 'f32', dProducts: 'out f32' },
  parameters: { size: 'u32', scale: 'f32', softCap: 'f32' },
  body: `${EACH_ELEMENT}
  var slope = parameters.scale;
  if (parameters.softCap > 0.0) { slope *= 1.0 - (value[i] / parameters.softCap) * (value[i] / parameters.softCap); }
  dProducts[i] = dValue[i] * slope;
`,
});

export const elementwiseKernels: Kernels = {
  DifferentiableScale: scale('x'),
  DifferentiableScaleGrad: scale('dValue'),

  /** x → y */
  DifferentiableSigmoid({ inputs, backend }) {
    const x = tensor(inputs, 'x');
    const y = backend.output(x.shape);
    const size = sizeOf(x.shape);
    sigmoid(backend, { x, y }, { size }, elementGroups(size));
    return y;
  },

  /** dValue, value → dX */
  DifferentiableSigmoidGrad({ inputs, backend }) {
    const [dValue, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'value')];
    expectShape('dValue', dValue, value.shape);
    const dX = backend.output(value.shape);
    const size = sizeOf(value.shape);
    sigmoidGradient(backend, { dValue, value, dX }, { size }, elementGroups(size));
    return dX;
  },

  /** products → logits */
  LogitOptions({ inputs, attrs, backend }) {
    const products = tensor(inputs, 'products');
    const y = backend.output(products.shape);
    const size = sizeOf(products.shape);
    const parameters = { size, scale: attrs['scale'] as number, softCap: attrs['softCap'] as number };
    logitOptions(backend, { products, y }, parameters, elementGroups(size));
    return y;
  },

  /** dValue, value → dProducts */
  LogitOptionsGrad({ inputs, attrs, backend }) {
    const [dValue, value] = [tensor(inputs, 'dValue'), tensor(inputs, 'value')];
    expectShape('dValue', dValue, value.shape);
    const dProducts = backend.output(value.shape);
    const size = sizeOf(value.shape);
    const parameters = { size, scale: attrs['scale'] as number, softCap: attrs['softCap'] as number };
    logitOptionsGradient(backend, { dValue, value, dProducts }, parameters, elementGroups(size));
    return dProducts;
  },
};
