/** @file Kernels whose matrices are as artifacts store them. The bits of a row's result depend on that row alone, not on the others of a call. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineShader, elementGroups, EACH_ELEMENT, type Shader } from '../shader.ts';
import { blockSizeOf, declareFourOf, STORED_FORMATS, wordsOf } from '../stored-formats.ts';
import { multiplyStored, type Stored } from '../stored-products.ts';
import { type Activation, gated } from './gated-activation.ts';
import {
  asRows,
  expectFormat,
  expectShape,
  type KernelArguments,
  type Kernels,
  sizeOf,
  storedGroupsOf,
  storedLinearOf,
  tensor,
} from './kernel.ts';

/**
 * A stored matrix [out, in], or a stack of so many.
 *
 * @throws TypeError unless the words are those of it
 */
export function storedOf(format: string, words: TensorInfo, out: number, input: number, count = 1): Stored {
  const expected = wordsOf(format, count * out, count * out * input);
  if (input % blockSizeOf(format) !== 0)
    throw new TypeError(`rows of ${input} are no whole number of ${format}'s blocks`);
  if (sizeOf(words.shape) === expected) return { format, words, out, input };
  throw new TypeError(`a matrix [${out}, ${input}] in ${format} has ${expected} words, not ${sizeOf(words.shape)}`);
}

/** The matrices of a call, or its stacks. */
export const matricesOf = (
  { formats, words, outs, input }: { formats: string[]; words: TensorInfo[]; outs: readonly number[]; input: number },
  count = 1,
): Stored[] => outs.map((out, i) => storedOf(formats[i]!, words[i]!, out, input, count));

/** Products with the matrices of a call, with a residual where there is one. */
export function storedLinear(args: KernelArguments): TensorInfo[] {
  const { backend } = args;
  const { x, n, shapes, residual, ...stored } = storedLinearOf(args, STORED_FORMATS);
  return matricesOf(stored).map((matrix, i) => {
    const y = backend.output(shapes[i]!);
    multiplyStored(backend, { a: x, m: n, matrix, y, residual });
    return y;
  });
}

/** Products of groups of rows with the matrices of the call's stacks. */
export function storedGroupedLinear(args: KernelArguments): TensorInfo[] {
  const { backend } = args;
  const { x, offsets, n, groups: count, ...stored } = storedGroupsOf(args, STORED_FORMATS);
  expectShape('offsets', offsets, [count + 1]);
  return matricesOf(stored, count).map((matrix) => {
    const y = backend.output([n, matrix.out]);
    multiplyStored(backend, { a: x, m: n, matrix, groups: { offsets, count }, y });
    return y;
  });
}

/** y[i] = scale · the row ids[i]; a thread has four numbers. */
const makeLookup = (format: string): Shader<'ids' | 'words' | 'y', 'size' | 'fours' | 'rows' | 'columns' | 'scale'> =>
  defineShader({
    name: `stored embedding ${format}`,
    bindings: { ids: 'i32', words: 'u32', y: 'out f32' },
    parameters: { size: 'u32', fours: 'u32', rows: 'u32', columns: 'u32', scale: 'f32' },
    declarations: declareFourOf(format),
    body: `${EACH_ELEMENT}
  let column = 4u * (i % parameters.fours);
  let first = i / parameters.fours * parameters.columns;
  let four = fourOf(u32(ids[i / parameters.fours]), column);
  for (var j = 0u; j < min(4u, parameters.columns - column); j++) { y[first + column + j] = four[j] * parameters.scale; }
`,
  });

const lookups = new Map<string, ReturnType<typeof makeLookup>>();

function lookupOf(format: string): ReturnType<typeof makeLookup> {
  let shader = lookups.get(format);
  if (shader === undefined) lookups.set(format, (shader = makeLookup(format)));
  return shader;
}

export const storedKernels: Kernels = {
  /**
   * x [..., in] or [..., h, in / h], words0 of a matrix [outs[0], in] … → y0 [..., outs[0]] …, or with a headDim [..., outs[0] / headDim, headDim] …;
   * with a residual [..., outs[0]], for which there is one matrix, residual + y0
   */
  StoredLinear: storedLinear,

  /** x [n, in], offsets int32 [groups + 1], words0 of matrices [groups, outs[0], in] … → y0 [n, outs[0]] … */
  StoredGroupedLinear: storedGroupedLinear,

  /** x [..., d], gate, up: words of matrices [inner, d], down: of one [d, inner], residual [..., d] or none → y [..., d] */
  StoredGatedFeedForward({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n } = asRows(x);
    const [d, inner] = [attrs['d'] as number, attrs['inner'] as number];
    expectShape('x', x, [...x.shape.slice(0, -1), d]);
    const { residual } = inputs;
    if (residual !== undefined) expectShape('residual', residual, x.shape);
    const formats = (attrs['formats'] as readonly unknown[]).map((format) => expectFormat(format, STORED_FORMATS));
    const [gate, up] = ['gate', 'up'].map((name, i) => {
      const y = backend.output([n, inner]);
      const matrix = storedOf(formats[i]!, tensor(inputs, name), inner, d);
      multiplyStored(backend, { a: x, m: n, matrix, y });
      return y;
    }) as [TensorInfo, TensorInfo];
    const hidden = gated(backend, attrs['activation'] as Activation, gate, up);
    const y = backend.output(x.shape);
    const matrix = storedOf(formats[2]!, tensor(inputs, 'down'), d, inner);
    multiplyStored(backend, { a: hidden, m: n, matrix, y, residual });
    for (const each of [gate, up, hidden]) backend.disposeData(each.dataId);
    return y;
  },

  /** ids int32 [...], words of a matrix [rows, columns] → y [..., columns], its rows times the scale */
  StoredEmbedding({ inputs, attrs, backend }) {
    const [ids, words] = [tensor(inputs, 'ids'), tensor(inputs, 'words')];
    const [rows, columns, scale] = ['rows', 'columns', 'scale'].map((name) => attrs[name]) as [number, number, number];
    const { format } = storedOf(expectFormat(attrs['format'], STORED_FORMATS), words, rows, columns);
    const y = backend.output([...ids.shape, columns]);
    const fours = Math.ceil(columns / 4);
    const size = sizeOf(ids.shape) * fours;
    lookupOf(format)(backend, { ids, words, y }, { size, fours, rows, columns, scale }, elementGroups(size));
    return y;
  },
};
