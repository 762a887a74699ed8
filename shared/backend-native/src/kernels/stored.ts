/**
 * @file Kernels whose matrices are as artifacts store them: an int32 tensor [⌈bytes / 4⌉] of the bytes, with the format as an attribute
 * (native/stored-matrix.h). The bits of a row's result depend on that row alone, not on the others of a call.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { activationCode, formatCode } from '../addon.ts';
import type { Format } from '../addon-kernels.ts';
import {
  asRows,
  expectRank,
  expectShape,
  type KernelArguments,
  type Kernels,
  sizeOf,
  tensor,
  tensorList,
} from './kernel.ts';

/** C++'s number of a format. */
export function codeOf(format: unknown): Format {
  const name = String(format);
  const code = Object.hasOwn(formatCode, name) ? formatCode[name] : undefined;
  if (code !== undefined) return code;
  throw new TypeError(`${String(format)} is none of the formats ${Object.keys(formatCode).join(', ')}`);
}

/** The matrices of a call: `words0` …, and what attributes say of them. */
export function matricesOf({ inputs, attrs, backend }: KernelArguments) {
  const formats = (attrs['formats'] as readonly unknown[]).map(codeOf);
  const outs = attrs['outs'] as readonly number[];
  const words = tensorList(inputs, 'words', outs.length).map((each) => backend.integers(each));
  return { formats, outs, words, input: attrs['in'] as number };
}

/** The rows of `input` floats that x [..., in] or [..., h, in / h] has, and its leading axes. */
export function rowsOf(x: TensorInfo, input: number): { n: number; leading: number[] } {
  const leading = x.shape.slice(0, x.shape.at(-1) === input ? -1 : -2);
  const n = sizeOf(leading);
  if (n * input !== sizeOf(x.shape)) throw new TypeError(`x [${x.shape.join(', ')}] has no rows of ${input}`);
  return { n, leading };
}

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
    const { inputs, attrs, backend } = args;
    const x = tensor(inputs, 'x');
    const { formats, outs, words, input } = matricesOf(args);
    const { n, leading } = rowsOf(x, input);
    const values = backend.floats(x);
    const headDim = (attrs['headDim'] as number | undefined) ?? 0;
    const { residual } = inputs;
    const shapes = outs.map((out) => (headDim === 0 ? [...leading, out] : [...leading, out / headDim, headDim]));
    if (residual === undefined) {
      const ys = shapes.map((shape) => backend.output(shape));
      const results = ys.map((y) => backend.floats(y));
      backend.addon.storedLinear(n, input, outs, formats, values, words, results);
      return ys;
    }
    if (outs.length !== 1) throw new TypeError(`a residual goes with one matrix, not ${outs.length}`);
    expectShape('residual', residual, [...leading, outs[0]!]);
    const addend = backend.floats(residual);
    const y = backend.output(shapes[0]!);
    backend.addon.storedLinearAdd(n, input, outs[0]!, formats[0]!, values, words[0]!, addend, backend.floats(y));
    return [y];
  },

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  StoredGroupedLinear(args) {
    const { inputs, attrs, backend } = args;
    const [x, offsets] = [tensor(inputs, 'x'), tensor(inputs, 'offsets')];
    const { formats, outs, words, input } = matricesOf(args);
    expectRank('x', x, 2);
    const n = x.shape[0]!;
    expectShape('x', x, [n, input]);
    const values = [backend.integers(offsets), backend.floats(x), words] as const;
    const ys = outs.map((out) => backend.output([n, out]));
    const results = ys.map((y) => backend.floats(y));
    backend.addon.storedGroupedLinear(n, input, attrs['groups'] as number, outs, formats, ...values, results);
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
