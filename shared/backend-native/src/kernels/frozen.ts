/**
 * @file Layers whose matrices training leaves as they are: an int32 tensor [⌈bytes / 4⌉] each, as artifacts store them, with the format as an attribute.
 * Products are those of the floats that the bytes stand for, in the backend's precision; gradients are by what is multiplied.
 */
import {
  gradientsOfRows,
  storedGroupsOf,
  storedLinearOf,
  storedMatricesOf,
  storedOutputLayerOf,
} from '../stored-inputs.ts';
import { type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';
import { argumentsOf, codeOf, FORMATS } from './stored.ts';

function outputLayerOf(args: KernelArguments) {
  const { backend } = args;
  const { x, words, targets, n, d, rows, format, scale, softCap } = storedOutputLayerOf(args, FORMATS);
  const values = [backend.floats(x), backend.integers(words), backend.integers(targets)] as const;
  return { x, n, sizes: [n, d, rows, codeOf(format)] as const, values, options: [scale, softCap] as const };
}

export const frozenKernels: Kernels = {
  /**
   * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] … → y0 [..., outs[0]] …, or with a headDim [..., outs[0] / headDim, headDim] …;
   * with a residual [..., outs[0]], for which there is one matrix, residual + y0
   */
  FrozenLinear(args) {
    const { backend } = args;
    const { x, n, input, outs, shapes, residual, ...stored } = storedLinearOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const values = backend.floats(x);
    const addend = residual === undefined ? null : backend.floats(residual);
    return outs.map((out, i) => {
      const y = backend.output(shapes[i]!);
      const matrix = [formats[i]!, values, words[i]!] as const;
      backend.addon.frozenLinear(backend.precision, n, input, out, ...matrix, addend, backend.floats(y));
      return y;
    });
  },

  /** dValue0 like y0 …, words0 … → dX of the attribute `shape` */
  FrozenLinearGrad(args) {
    const { attrs, backend } = args;
    const { input, outs, ...stored } = storedMatricesOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const shape = attrs['shape'] as number[];
    const n = sizeOf(shape) / input;
    const dValues = gradientsOfRows(args, n, outs).map((each) => backend.floats(each));
    const dX = backend.output(shape);
    backend.addon.frozenLinearGradient(backend.precision, n, input, outs, formats, dValues, words, backend.floats(dX));
    return dX;
  },

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  FrozenGroupedLinear(args) {
    const { backend } = args;
    const { x, offsets, n, input, groups, outs, ...stored } = storedGroupsOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const values = [backend.integers(offsets), backend.floats(x), words] as const;
    const ys = outs.map((out) => backend.output([n, out]));
    const results = ys.map((y) => backend.floats(y));
    const sizes = [n, input, groups, outs, formats] as const;
    backend.addon.frozenGroupedLinear(backend.precision, ...sizes, ...values, results);
    return ys;
  },

  /** dValue0 [n, outs[0]] …, offsets, words0 … → dX [n, in] */
  FrozenGroupedLinearGrad(args) {
    const { inputs, attrs, backend } = args;
    const { input, outs, ...stored } = storedMatricesOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const n = tensor(inputs, 'dValue0').shape[0]!;
    const dValues = gradientsOfRows(args, n, outs).map((each) => backend.floats(each));
    const values = [backend.integers(tensor(inputs, 'offsets')), dValues, words] as const;
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
