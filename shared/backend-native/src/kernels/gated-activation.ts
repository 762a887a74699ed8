/** @file SwiGLU and GeGLU. */
import { activationCode } from '../addon.ts';
import { expectShape, type Kernel, type Kernels, sizeOf, tensor } from './kernel.ts';

/** gate, up → y */
const forward =
  (activation: 0 | 1): Kernel =>
  ({ inputs, backend }) => {
    const [gate, up] = [tensor(inputs, 'gate'), tensor(inputs, 'up')];
    expectShape('up', up, gate.shape);
    const values = [backend.floats(gate), backend.floats(up)] as const;
    const y = backend.output(gate.shape);
    backend.addon.gatedActivation(activation, sizeOf(gate.shape), ...values, backend.floats(y));
    return y;
  };

/** dValue, gate, up → dGate, dUp */
const gradient =
  (activation: 0 | 1): Kernel =>
  ({ inputs, backend }) => {
    const [dValue, gate, up] = [tensor(inputs, 'dValue'), tensor(inputs, 'gate'), tensor(inputs, 'up')];
    expectShape('dValue', dValue, gate.shape);
    expectShape('up', up, gate.shape);
    const values = [backend.floats(dValue), backend.floats(gate), backend.floats(up)] as const;
    const dGate = backend.output(gate.shape);
    const dUp = backend.output(gate.shape);
    const size = sizeOf(gate.shape);
    backend.addon.gatedActivationGradient(activation, size, ...values, backend.floats(dGate), backend.floats(dUp));
    return [dGate, dUp];
  };

export const gatedActivationKernels: Kernels = {
  Swiglu: forward(activationCode.silu),
  SwigluGrad: gradient(activationCode.silu),
  Geglu: forward(activationCode['gelu-tanh']),
  GegluGrad: gradient(activationCode['gelu-tanh']),
};
