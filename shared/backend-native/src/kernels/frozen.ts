/**
 * @file Layers whose matrices training leaves as they are: an int32 tensor [⌈bytes / 4⌉] each, as artifacts store them, with the format as an attribute.
 * Products are those of the floats that the bytes stand for, in the backend's precision; gradients are by what is multiplied.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectRank, expectShape, type KernelArguments, type Kernels, sizeOf, tensor, tensorList } from './kernel.ts';
import { codeOf, matricesOf, rowsOf } from './stored.ts';

/** Those of layers, `dValue0` …, of n rows each. */
function gradientsOf({ inputs, backend }: KernelArguments, n: number, outs: readonly number[]): Float32Array[] {
  return tensorList(inputs, 'dValue', outs.length).map((dValue, i) => {
    if (sizeOf(dValue.shape) !== n * outs[i]!) throw new TypeError(`dValue${i} is not of ${n} rows of ${outs[i]}`);
    return backend.floats(dValue);
  });
}

function outputLayerOf({ inputs, attrs, backend }: KernelArguments) {
  const [x, words, targets] = [tensor(inputs, 'x'), tensor(inputs, 'words'), tensor(inputs, 'targets')];
  expectRank('x', x, 2);
  const [n, d] = x.shape as [number, number];
  expectShape('targets', targets, [n]);
  const values = [backend.floats(x), backend.integers(words), backend.integers(targets)] as const;
  const options = [attrs['scale'] as number, attrs['softCap'] as number] as const;
  return { x, n, sizes: [n, d, attrs['rows'] as number, codeOf(attrs['format'])] as const, values, options };
}

export const frozenKernels: Kernels = {
  /**
   * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] … → y0 [..., outs[0]] …, or with a headDim [..., outs[0] / headDim, headDim] …;
   * with a residual [..., outs[0]], for which there is one matrix, residual + y0
   */
  FrozenLinear(args) {
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    const { formats, outs, words, input } = matricesOf(args);
    const { n, leading } = rowsOf(x, input);
    const { residual } = inputs;
    if (residual !== undefined) {
      if (outs.length !== 1) throw new TypeError(`a residual goes with one matrix, not ${outs.length}`);
      expectShape('residual', residual, [...leading, outs[0]!]);
    }
    const headDim = (attrs['headDim'] as number | undefined) ?? 0;
    const values = backend.floats(x);
    const addend = residual === undefined ? null : backend.floats(residual);
    return outs.map((out, i) => {
      const y = backend.output(headDim === 0 ? [...leading, out] : [...leading, out / headDim, headDim]);
      const matrix = [formats[i]!, values, words[i]!] as const;
      backend.addon.frozenLinear(backend.precision, n, input, out, ...matrix, addend, backend.floats(y));
      return y;
    });
  },

  /** dValue0 like y0 …, words0 … → dX of the attribute `shape` */
  FrozenLinearGrad(args) {
    const { attrs, backend } = args;
    const { formats, outs, words, input } = matricesOf(args);
    const shape = attrs['shape'] as number[];
    const n = sizeOf(shape) / input;
    const dValues = gradientsOf(args, n, outs);
    const dX = backend.output(shape);
    backend.addon.frozenLinearGradient(backend.precision, n, input, outs, formats, dValues, words, backend.floats(dX));
    return dX;
  },

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  FrozenGroupedLinear(args) {
    const { inputs, attrs, backend } = args;
    const [x, offsets] = [tensor(inputs, 'x'), tensor(inputs, 'offsets')];
    const { formats, outs, words, input } = matricesOf(args);
    expectRank('x', x, 2);
    const n = x.shape[0]!;
    expectShape('x', x, [n, input]);
    const values = [backend.integers(offsets), backend.floats(x), words] as const;
    const ys: TensorInfo[] = outs.map((out) => backend.output([n, out]));
    const results = ys.map((y) => backend.floats(y));
    const sizes = [n, input, attrs['groups'] as number, outs, formats] as const;
    backend.addon.frozenGroupedLinear(backend.precision, ...sizes, ...values, results);
    return ys;
  },

  /** dValue0 [n, outs[0]] …, offsets, words0 … → dX [n, in] */
  FrozenGroupedLinearGrad(args) {
    const { inputs, attrs, backend } = args;
    const { formats, outs, words, input } = matricesOf(args);
    const n = tensor(inputs, 'dValue0').shape[0]!;
    const values = [backend.integers(tensor(inputs, 'offsets')), gradientsOf(args, n, outs), words] as const;
    const dX = backend.output([n, input]);
    const sizes = [n, input, attrs['groups'] as number, outs, formats] as const;
    backend.addon.frozenGroupedLinearGradient(backend.precision, ...sizes, ...values, backend.floats(dX));
    return dX;
  },

  /** x [n, d], words of a matrix [rows, d], targets int32 [n], each in [−1, rows) → losses [n] */
  FrozenTokenLosses(args) {
    const { backend } = args;
    const { n, sizes, values, options } = outputLayerOf(args);
    const losses = backend.output([n]);
    backend.addon.frozenTokenLosses(backend.precision, ...sizes, ...values, ...options, backend.floats(losses));
    return losses;
  },

  /** As above → the mean loss, and already its gradient dX [n, d] */
  FrozenLinearCrossEntropy(args) {
    const { backend } = args;
    const { x, sizes, values, options } = outputLayerOf(args);
    const [loss, dX] = [backend.output([]), backend.output(x.shape)];
    const results = [backend.floats(loss), backend.floats(dX)] as const;
    backend.addon.frozenLinearCrossEntropy(backend.precision, ...sizes, ...values, ...options, ...results);
    return [loss, dX];
  },
};
