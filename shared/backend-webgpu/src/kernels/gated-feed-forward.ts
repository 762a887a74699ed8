/** @file Gated feed-forward networks as one operation. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { multiply } from '../products.ts';
import { type Activation, gated, gatedGradients } from './gated-activation.ts';
import { expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';
import { linearGradients } from './linear.ts';

function readInputs({ inputs, attrs }: KernelArguments) {
  const [x, gate, up, down] = [
    tensor(inputs, 'x'),
    tensor(inputs, 'gate'),
    tensor(inputs, 'up'),
    tensor(inputs, 'down'),
  ];
  const [f, d] = gate.shape as [number, number];
  expectShape('up', up, [f, d]);
  expectShape('down', down, [d, f]);
  const n = sizeOf(x.shape) / d;
  return { x, gate, up, down, n, d, f, activation: attrs['activation'] as Activation };
}

export const gatedFeedForwardKernels: Kernels = {
  /** x [..., d], gate, up [f, d], down [d, f], residual [..., d] or none → y [..., d], gates, ups [n, f] */
  GatedFeedForward(args) {
    const { inputs, backend } = args;
    const { x, gate, up, down, n, d, f, activation } = readInputs(args);
    const residual = inputs['residual'];
    if (residual !== undefined) expectShape('residual', residual, x.shape);
    const [gates, ups, y] = [backend.output([n, f]), backend.output([n, f]), backend.output(x.shape)];
    multiply(backend, { a: x, b: gate, y: gates, m: n, n: f, k: d, transposeB: true });
    multiply(backend, { a: x, b: up, y: ups, m: n, n: f, k: d, transposeB: true });
    const hidden = gated(backend, activation, gates, ups);
    multiply(backend, { a: hidden, b: down, y, m: n, n: d, k: f, transposeB: true, residual });
    backend.disposeData(hidden.dataId);
    return [y, gates, ups];
  },

  /** dValue [..., d], x, gate, up, down, residual0 = gates, residual1 = ups → dX, dGate, dUp, dDown, and dResidual where there is one */
  GatedFeedForwardGrad(args) {
    const { inputs, attrs, backend } = args;
    const { x, gate, up, down, activation } = readInputs(args);
    const [dValue, gates, ups] = [tensor(inputs, 'dValue'), tensor(inputs, 'residual0'), tensor(inputs, 'residual1')];
    expectShape('dValue', dValue, x.shape);
    const hidden = gated(backend, activation, gates, ups);
    const [dHidden, dDown] = linearGradients(backend, hidden, [down], [dValue]) as [TensorInfo, TensorInfo];
    const [dGates, dUps] = gatedGradients(backend, activation, dHidden, gates, ups);
    const gradients = linearGradients(backend, x, [gate, up], [dGates, dUps]);
    for (const { dataId } of [hidden, dHidden, dGates, dUps]) backend.disposeData(dataId);
    return [...gradients, dDown, ...(attrs['hasResidual'] === true ? [backend.share(dValue, dValue.shape)] : [])];
  },
};
