/**
 * @file Kernels whose matrices are as artifacts store them: an int32 tensor [⌈bytes / 4⌉] of the bytes, with the format as an attribute
 * (native/stored-matrix.h). The bits of a row's result depend on that row alone, not on the others of a call.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { activationCode, formatCode, inputPrecisionCode } from '../addon.ts';
import type { Format } from '../addon-kernels.ts';
import { expectFormat, storedGroupsOf, storedLinearOf } from '../stored-inputs.ts';
import { asRows, expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

/** The formats that kernels know. */
export const FORMATS: readonly string[] = Object.keys(formatCode);

/** C++'s number of a format. */
export const codeOf = (format: unknown): Format => formatCode[expectFormat(format, FORMATS)]!;

/** C++'s numbers of formats, and the words of matrices. */
export const argumentsOf = (
  backend: KernelArguments['backend'],
  { formats, words }: { formats: readonly string[]; words: readonly TensorInfo[] },
) => ({ formats: formats.map(codeOf), words: words.map((each) => backend.integers(each)) });

/** C++'s number of how inputs are multiplied. */
function inputPrecisionOf({ activations = 'f32' }: KernelArguments['attrs']): 0 | 1 {
  const name = String(activations);
  if (name === 'f32' || name === 'int8') return inputPrecisionCode[name];
  throw new TypeError(`activations are f32 or int8, not ${name}`);
}

/** Products compute with `activations`, f32 or int8, by default f32: inputs as they are, or quantized (native/integer-products.h). */
export const storedKernels: Kernels = {
  /** x [..., d] → what it is when it is stored in the format and read again, [..., d] */
  FakeQuantize({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    const y = backend.output(x.shape);
    backend.addon.fakeQuantize(codeOf(attrs['format']), n, d, values, backend.floats(y));
    return y;
  },

  /**
   * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] … → y0 [..., outs[0]] …, or with a headDim [..., outs[0] / headDim, headDim] …;
   * with a residual [..., outs[0]], for which there is one matrix, residual + y0
   */
  StoredLinear(args) {
    const { attrs, backend } = args;
    const { x, n, input, outs, shapes, residual, ...stored } = storedLinearOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const values = backend.floats(x);
    if (residual === undefined) {
      const ys = shapes.map((shape) => backend.output(shape));
      const results = ys.map((y) => backend.floats(y));
      backend.addon.storedLinear(inputPrecisionOf(attrs), n, input, outs, formats, values, words, results);
      return ys;
    }
    const addend = backend.floats(residual);
    const y = backend.output(shapes[0]!);
    const sizes = [n, input, outs[0]!, formats[0]!] as const;
    backend.addon.storedLinearAdd(inputPrecisionOf(attrs), ...sizes, values, words[0]!, addend, backend.floats(y));
    return [y];
  },

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  StoredGroupedLinear(args) {
    const { backend } = args;
    const { x, offsets, n, input, groups, outs, ...stored } = storedGroupsOf(args, FORMATS);
    const { formats, words } = argumentsOf(backend, stored);
    const values = [backend.integers(offsets), backend.floats(x), words] as const;
    const ys = outs.map((out) => backend.output([n, out]));
    const results = ys.map((y) => backend.floats(y));
    const sizes = [n, input, groups, outs, formats] as const;
    backend.addon.storedGroupedLinear(inputPrecisionOf(args.attrs), ...sizes, ...values, results);
    return ys;
  },

  /** x [..., d], gate, up: words of matrices [inner, d], down: of one [d, inner], residual [..., d] or none → y [..., d] */
  StoredGatedFeedForward({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n } = asRows(x);
    const d = attrs['d'] as number;
    expectShape('x', x, [...x.shape.slice(0, -1), d]);
    const [gateFormat, upFormat, downFormat] = (attrs['formats'] as readonly unknown[]).map(codeOf) as Three<Format>;
    const words = ['gate', 'up', 'down'].map((name) => backend.integers(tensor(inputs, name))) as Three<Int32Array>;
    const { residual } = inputs;
    if (residual !== undefined) expectShape('residual', residual, x.shape);
    const addend = residual === undefined ? null : backend.floats(residual);
    const values = backend.floats(x);
    const y = backend.output(x.shape);
    backend.addon.storedGatedFeedForward(
      inputPrecisionOf(attrs),
      activationCode[attrs['activation'] as keyof typeof activationCode],
      n,
      d,
      attrs['inner'] as number,
      gateFormat,
      upFormat,
      downFormat,
      values,
      ...words,
      addend,
      backend.floats(y),
    );
    return y;
  },

  /** ids int32 [...], words of a matrix [rows, columns] → y [..., columns], its rows times the scale */
  StoredEmbedding({ inputs, attrs, backend }) {
    const [ids, words] = [tensor(inputs, 'ids'), tensor(inputs, 'words')];
    const [rows, columns, scale] = ['rows', 'columns', 'scale'].map((name) => attrs[name]) as Three<number>;
    const values = [backend.integers(ids), backend.integers(words)] as const;
    const y = backend.output([...ids.shape, columns]);
    const n = sizeOf(ids.shape);
    backend.addon.storedEmbedding(n, columns, rows, codeOf(attrs['format']), scale, ...values, backend.floats(y));
    return y;
  },
};

type Three<T> = [T, T, T];
