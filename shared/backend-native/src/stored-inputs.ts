/** @file How kernels look at matrices as artifacts store them: int32 tensors [⌈bytes / 4⌉], with formats as attributes; the same for every backend that has such. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import {
  expectRank,
  expectShape,
  type KernelArguments,
  leadingOf,
  sizeOf,
  tensor,
  tensorList,
} from './kernel-inputs.ts';

/** What a kernel is called with, apart from the backend. */
type Call = Pick<KernelArguments<unknown>, 'inputs' | 'attrs'>;

/** @throws TypeError unless the format is one of those that are known */
export function expectFormat(format: unknown, known: readonly string[]): string {
  const name = String(format);
  if (known.includes(name)) return name;
  throw new TypeError(`${name} is none of the formats ${known.join(', ')}`);
}

/** The matrices of a call: `words0` …, and what attributes say of them. */
export function storedMatricesOf({ inputs, attrs }: Call, known: readonly string[]) {
  const formats = (attrs['formats'] as readonly unknown[]).map((format) => expectFormat(format, known));
  const outs = attrs['outs'] as readonly number[];
  const words = tensorList(inputs, 'words', outs.length);
  return { formats, outs, words, input: attrs['in'] as number };
}

/**
 * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] …; the shapes of products are [..., outs[0]] …, or with a headDim
 * [..., outs[0] / headDim, headDim] …; a residual [..., outs[0]] goes with one matrix.
 */
export function storedLinearOf(call: Call, known: readonly string[]) {
  const { inputs, attrs } = call;
  const x = tensor(inputs, 'x');
  const matrices = storedMatricesOf(call, known);
  const { outs, input } = matrices;
  const { n, leading } = leadingOf(x, input);
  const headDim = (attrs['headDim'] as number | undefined) ?? 0;
  const shapes = outs.map((out) => (headDim === 0 ? [...leading, out] : [...leading, out / headDim, headDim]));
  const { residual } = inputs;
  if (residual !== undefined) {
    if (outs.length !== 1) throw new TypeError(`a residual goes with one matrix, not ${outs.length}`);
    expectShape('residual', residual, [...leading, outs[0]!]);
  }
  return { ...matrices, x, n, shapes, residual };
}

/** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] …. */
export function storedGroupsOf(call: Call, known: readonly string[]) {
  const [x, offsets] = [tensor(call.inputs, 'x'), tensor(call.inputs, 'offsets')];
  const matrices = storedMatricesOf(call, known);
  expectRank('x', x, 2);
  const n = x.shape[0]!;
  expectShape('x', x, [n, matrices.input]);
  return { ...matrices, x, offsets, n, groups: call.attrs['groups'] as number };
}

/** Gradients of layers, `dValue0` …, of n rows each. */
export function gradientsOfRows({ inputs }: Call, n: number, outs: readonly number[]): TensorInfo[] {
  const dValues = tensorList(inputs, 'dValue', outs.length);
  dValues.forEach((dValue, i) => {
    if (sizeOf(dValue.shape) !== n * outs[i]!) throw new TypeError(`dValue${i} is not of ${n} rows of ${outs[i]}`);
  });
  return dValues;
}

/** x [n, d], words of a matrix [rows, d], targets int32 [n]: an output layer, of whose products logits are made. */
export function storedOutputLayerOf({ inputs, attrs }: Call, known: readonly string[]) {
  const [x, words, targets] = [tensor(inputs, 'x'), tensor(inputs, 'words'), tensor(inputs, 'targets')];
  expectRank('x', x, 2);
  const [n, d] = x.shape as [number, number];
  expectShape('targets', targets, [n]);
  const number = (name: string) => attrs[name] as number;
  const format = expectFormat(attrs['format'], known);
  return { x, words, targets, n, d, rows: number('rows'), format, scale: number('scale'), softCap: number('softCap') };
}
