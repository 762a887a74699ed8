/** @file Gated feed-forward networks: three linear layers and the activation between them as one kernel. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { activationCode } from '../addon.ts';
import { asRows, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';

interface Network {
  n: number;
  d: number;
  f: number;
  activation: 0 | 1;
  x: TensorInfo;
  /** Gate, up, down. */
  weights: [TensorInfo, TensorInfo, TensorInfo];
}

function networkOf({ inputs, attrs }: KernelArguments): Network {
  const x = tensor(inputs, 'x');
  const { n, d } = asRows(x);
  const weights: Network['weights'] = [tensor(inputs, 'gate'), tensor(inputs, 'up'), tensor(inputs, 'down')];
  const f = weights[0].shape[0]!;
  expectShape('gate', weights[0], [f, d]);
  expectShape('up', weights[1], [f, d]);
  expectShape('down', weights[2], [d, f]);
  return { n, d, f, activation: activationCode[attrs['activation'] as keyof typeof activationCode], x, weights };
}

export const gatedFeedForwardKernels: Kernels = {
  /** x [..., d], gate, up [f, d], down [d, f], residual [..., d] or none → y [..., d], gate and up projections [n, f] */
  GatedFeedForward(args) {
    const { inputs, backend } = args;
    const { n, d, f, activation, x, weights } = networkOf(args);
    const { residual } = inputs;
    if (residual !== undefined) expectShape('residual', residual, x.shape);
    const [y, gate, up] = [x.shape, [n, f], [n, f]].map((shape) => backend.output(shape)) as Network['weights'];
    const [wGate, wUp, wDown] = weights.map((weight) => backend.floats(weight)) as [Floats, Floats, Floats];
    backend.addon.gatedFeedForward(
      backend.precision,
      activation,
      n,
      d,
      f,
      backend.floats(x),
      wGate,
      wUp,
      wDown,
      residual === undefined ? null : backend.floats(residual),
      backend.floats(gate),
      backend.floats(up),
      backend.floats(y),
    );
    return [y, gate, up];
  },

  /**
   * dValue, x [..., d], gate, up [f, d], down [d, f], residual0, residual1 = the projections [n, f] → dX, the weights' gradients, and with a
   * residual its gradient, which is dValue. The projections, where nobody else has them, are overwritten.
   */
  GatedFeedForwardGrad(args) {
    const { inputs, attrs, backend } = args;
    const { n, d, f, activation, x, weights } = networkOf(args);
    const dValue = tensor(inputs, 'dValue');
    expectShape('dValue', dValue, x.shape);
    const projections = ['residual0', 'residual1'].map((name) => {
      const projection = tensor(inputs, name);
      expectShape(name, projection, [n, f]);
      return backend.isSoleOwner(projection) ? backend.floats(projection) : backend.flushedFloats(projection).slice();
    }) as [Floats, Floats];
    const [wGate, wUp, wDown] = weights.map((weight) => backend.floats(weight)) as [Floats, Floats, Floats];
    const values = [backend.floats(dValue), backend.floats(x)] as const;
    const memory = backend.output([n, f]);
    const dX = backend.output(x.shape);
    const dWeights = weights.map(({ shape }) => backend.output(shape)) as Network['weights'];
    const [dGate, dUp, dDown] = dWeights.map((dWeight) => backend.floats(dWeight)) as [Floats, Floats, Floats];
    backend.addon.gatedFeedForwardGradient(
      backend.precision,
      activation,
      n,
      d,
      f,
      ...values,
      wGate,
      wUp,
      wDown,
      ...projections,
      backend.floats(memory),
      backend.floats(dX),
      dGate,
      dUp,
      dDown,
    );
    backend.disposeIntermediateTensorInfo(memory);
    const dResidual = attrs['hasResidual'] === true ? [backend.share(dValue, x.shape)] : [];
    return [dX, ...dWeights, ...dResidual];
  },
};

type Floats = Float32Array;
