/**
 * @file Layers whose matrices training leaves as they are, stored in any format. Products are those of the floats that the bytes stand for, bit for bit;
 * gradients are by what is multiplied.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { STORED_FORMATS } from '../stored-formats.ts';
import { multiplyStored } from '../stored-products.ts';
import { meanLossOf, type OutputLayer, tokenLosses } from './cross-entropy.ts';
import {
  expectShape,
  gradientsOfRows,
  type KernelArguments,
  type Kernels,
  sizeOf,
  storedMatricesOf,
  storedOutputLayerOf,
  tensor,
} from './kernel.ts';
import { matricesOf, storedGroupedLinear, storedLinear, storedOf } from './stored.ts';

function outputLayerOf(args: KernelArguments) {
  const { backend } = args;
  const { x, words, format, d, rows: vocabulary, ...rest } = storedOutputLayerOf(args, STORED_FORMATS);
  const matrix = storedOf(format, words, vocabulary, d);
  const layer: OutputLayer = {
    ...rest,
    vocabulary,
    multiply: (y, first, rows) => multiplyStored(backend, { a: x, m: rows, matrix, y, aFirst: first * d }),
  };
  return { x, d, matrix, layer };
}

export const frozenKernels: Kernels = {
  /**
   * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] … → y0 [..., outs[0]] …, or with a headDim [..., outs[0] / headDim, headDim] …;
   * with a residual [..., outs[0]], for which there is one matrix, residual + y0
   */
  FrozenLinear: storedLinear,

  /** dValue0 like y0 …, words0 … → dX of the attribute `shape` */
  FrozenLinearGrad(args) {
    const { attrs, backend } = args;
    const stored = storedMatricesOf(args, STORED_FORMATS);
    const shape = attrs['shape'] as number[];
    const m = sizeOf(shape) / stored.input;
    const dValues = gradientsOfRows(args, m, stored.outs);
    const dX = backend.output(shape);
    matricesOf(stored).forEach((matrix, i) => {
      multiplyStored(backend, { a: dValues[i]!, m, matrix, isBackward: true, y: dX, accumulate: i > 0 });
    });
    return dX;
  },

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  FrozenGroupedLinear: storedGroupedLinear,

  /** dValue0 [n, outs[0]] …, offsets, words0 … → dX [n, in] */
  FrozenGroupedLinearGrad(args) {
    const { inputs, attrs, backend } = args;
    const stored = storedMatricesOf(args, STORED_FORMATS);
    const m = tensor(inputs, 'dValue0').shape[0]!;
    const dValues = gradientsOfRows(args, m, stored.outs);
    const [offsets, count] = [tensor(inputs, 'offsets'), attrs['groups'] as number];
    expectShape('offsets', offsets, [count + 1]);
    const dX = backend.output([m, stored.input]);
    matricesOf(stored, count).forEach((matrix, i) => {
      const sizes = { m, matrix, groups: { offsets, count }, isBackward: true };
      multiplyStored(backend, { a: dValues[i]!, ...sizes, y: dX, accumulate: i > 0 });
    });
    return dX;
  },

  /** x [n, d], words of a matrix [rows, d], targets int32 [n], each in [−1, rows) → losses [n] */
  FrozenTokenLosses: (args) => tokenLosses(args.backend, outputLayerOf(args).layer),

  /** As above → the mean loss, and already its gradient dX [n, d] */
  FrozenLinearCrossEntropy(args) {
    const { backend } = args;
    const { x, d, matrix, layer } = outputLayerOf(args);
    const dX = backend.output(x.shape);
    const addChunk = (dProducts: TensorInfo, first: number, rows: number): void =>
      multiplyStored(backend, { a: dProducts, m: rows, matrix, isBackward: true, y: dX, yFirst: first * d });
    const loss = meanLossOf(backend, layer, addChunk, [dX]);
    return [loss, dX];
  },
};
