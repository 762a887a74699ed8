/** @file SwiGLU and GeGLU. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { NUMBERS } from '../numbers.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { expectShape, type Kernels, sizeOf, tensor } from './kernel.ts';

export type Activation = 'silu' | 'gelu-tanh';

const DECLARATIONS = `${NUMBERS}
fn geluTanh(g: f32) -> f32 { return tanhOf(0.7978845608028654 * (g + 0.044715 * g * g * g)); }
`;

/** The activation `value`, and its `slope`, of `g`. */
const ACTIVATIONS: Record<Activation, { value: string; slope: string }> = {
  silu: {
    value: 'let sigmoid = sigmoidOf(g); let value = g * sigmoid;',
    slope: 'let slope = sigmoid + value - value * sigmoid;',
  },
  'gelu-tanh': {
    value: 'let turn = geluTanh(g); let half = 0.5 * (turn + 1.0); let value = g * half;',
    slope: 'let slope = half + 0.5 * g * (1.0 - turn * turn) * 0.7978845608028654 * (1.0 + 0.134145 * g * g);',
  },
};

const shadersOf = (activation: Activation) => ({
  forward: defineShader({
    name: `gate ${activation}`,
    bindings: { gate: 'f32', up: 'f32', y: 'out f32' },
    parameters: { size: 'u32' },
    declarations: DECLARATIONS,
    body: `${EACH_ELEMENT} let g = gate[i]; ${ACTIVATIONS[activation].value} y[i] = value * up[i];`,
  }),
  gradient: defineShader({
    name: `gate's gradient ${activation}`,
    bindings: { dValue: 'f32', gate: 'f32', up: 'f32', dGate: 'out f32', dUp: 'out f32' },
    parameters: { size: 'u32' },
    declarations: DECLARATIONS,
    body: `${EACH_ELEMENT}
  let g = gate[i];
  ${ACTIVATIONS[activation].value}
  ${ACTIVATIONS[activation].slope}
  dGate[i] = dValue[i] * up[i] * slope;
  dUp[i] = dValue[i] * value;`,
  }),
});

const shaders = { silu: shadersOf('silu'), 'gelu-tanh': shadersOf('gelu-tanh') };

/** activation(gate) · up */
export function gated(backend: WebGpuBackend, activation: Activation, gate: TensorInfo, up: TensorInfo): TensorInfo {
  const size = sizeOf(gate.shape);
  const y = backend.output(gate.shape);
  shaders[activation].forward(backend, { gate, up, y }, { size }, elementGroups(size));
  return y;
}

/** dGate, dUp */
export function gatedGradients(
  backend: WebGpuBackend,
  activation: Activation,
  dValue: TensorInfo,
  gate: TensorInfo,
  up: TensorInfo,
): [TensorInfo, TensorInfo] {
  const size = sizeOf(gate.shape);
  const [dGate, dUp] = [backend.output(gate.shape), backend.output(gate.shape)];
  shaders[activation].gradient(backend, { dValue, gate, up, dGate, dUp }, { size }, elementGroups(size));
  return [dGate, dUp];
}

const kernelsOf = (name: string, activation: Activation): Kernels => ({
  /** gate, up → y */
  [name]({ inputs, backend }) {
    const [gate, up] = [tensor(inputs, 'gate'), tensor(inputs, 'up')];
    expectShape('up', up, gate.shape);
    return gated(backend, activation, gate, up);
  },
  /** dValue, gate, up → dGate, dUp */
  [`${name}Grad`]({ inputs, backend }) {
    const [dValue, gate, up] = [tensor(inputs, 'dValue'), tensor(inputs, 'gate'), tensor(inputs, 'up')];
    expectShape('dValue', dValue, gate.shape);
    expectShape('up', up, gate.shape);
    return gatedGradients(backend, activation, dValue, gate, up);
  },
});

export const gatedActivationKernels: Kernels = { ...kernelsOf('Swiglu', 'silu'), ...kernelsOf('Geglu', 'gelu-tanh') };
