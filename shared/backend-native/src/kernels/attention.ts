/** @file Causal attention, which keeps no scores: the gradient computes them again from the logarithms of the softmax's denominators. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectRank, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';
import { maskArguments } from './block-mask.ts';

/** Tables of a rotation that turns nothing. */
const NO_TABLE = new Float32Array(0);

function shapeOf(q: TensorInfo, k: TensorInfo, v: TensorInfo, { inputs, attrs, backend }: KernelArguments) {
  expectRank('q', q, 4);
  expectRank('k', k, 4);
  const [b, s, heads, headDim] = q.shape as [number, number, number, number];
  const [, sKv, kvHeads] = k.shape as [number, number, number, number];
  expectShape('k', k, [b, sKv, kvHeads, headDim]);
  expectShape('v', v, k.shape);
  if (sKv < s || heads % kvHeads !== 0) {
    throw new TypeError(`${heads} heads of ${s} queries do not go with ${kvHeads} heads of ${sKv} keys`);
  }
  const [scale, window = 0, chunk = 0, softCap = 0] = ['scale', 'window', 'chunk', 'softCap'].map(
    (name) => attrs[name],
  );
  const { documentOffsets, cos, sin } = inputs;
  if (documentOffsets !== undefined) expectShape('documentOffsets', documentOffsets, [b, sKv]);
  const rotaryPairs = cos?.shape.at(-1) ?? 0;
  if (cos !== undefined) {
    expectShape('cos', cos, [sKv, rotaryPairs]);
    expectShape('sin', tensor(inputs, 'sin'), [sKv, rotaryPairs]);
    if (s !== sKv) throw new TypeError(`${s} queries and ${sKv} keys cannot be rotated by one table`);
    if (2 * rotaryPairs > headDim)
      throw new TypeError(`${rotaryPairs} rotaryPairs do not fit into ${headDim} coordinates`);
  }
  return [
    b,
    s,
    sKv,
    heads,
    kvHeads,
    headDim,
    scale as number,
    window as number,
    chunk as number,
    softCap as number,
    documentOffsets === undefined ? null : backend.integers(documentOffsets),
    rotaryPairs,
    Boolean(attrs['interleaved']),
    cos === undefined ? NO_TABLE : backend.floats(cos),
    sin === undefined ? NO_TABLE : backend.floats(sin),
    ...maskArguments(attrs),
  ] as const;
}

export const attentionKernels: Kernels = {
  /** q [b, s, n_h, h_d], k, v [b, s_kv, n_kv, h_d], documentOffsets int32 [b, s_kv] or none, cos, sin [s_kv, rotaryPairs] or none → out [b, s, n_h, h_d], logSumExp [b, n_h, s] */
  Attention(args) {
    const { inputs, backend } = args;
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    const shape = shapeOf(q, k, v, args);
    const [b, s, , heads] = shape;
    const values = [backend.floats(q), backend.floats(k), backend.floats(v)] as const;
    const out = backend.output(q.shape);
    const logSumExp = backend.output([b, heads, s]);
    backend.addon.attention(backend.precision, ...shape, ...values, backend.floats(out), backend.floats(logSumExp));
    return [out, logSumExp];
  },

  /** dValue, q, k, v, documentOffsets, cos, sin or none, value = out, residual0 = logSumExp → dQ, dK, dV */
  AttentionGrad(args) {
    const { inputs, backend } = args;
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    const [dValue, out, logSumExp] = [tensor(inputs, 'dValue'), tensor(inputs, 'value'), tensor(inputs, 'residual0')];
    const shape = shapeOf(q, k, v, args);
    const [b, s, , heads] = shape;
    expectShape('dValue', dValue, q.shape);
    expectShape('value', out, q.shape);
    expectShape('residual0', logSumExp, [b, heads, s]);
    const given = [dValue, q, k, v, out, logSumExp].map((input) => backend.floats(input)) as Six<Float32Array>;
    const gradients = [backend.output(q.shape), backend.output(k.shape), backend.output(v.shape)] as const;
    const [dQ, dK, dV] = gradients;
    backend.addon.attentionGradient(
      backend.precision,
      ...shape,
      ...given,
      backend.floats(dQ),
      backend.floats(dK),
      backend.floats(dV),
    );
    return [...gradients];
  },
};

type Six<T> = [T, T, T, T, T, T];
