/** @file Attention over keys and values in blocks of a table, and what writes them there. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../backend.ts';
import { maskArguments } from './block-mask.ts';
import { expectRank, expectShape, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

/** An Int32Array as it is, in which a recorded kernel finds what is there when it runs; of a list, which may change while the kernel waits, a copy. */
const integersOf = (list: unknown): Int32Array =>
  list instanceof Int32Array ? list : Int32Array.from(list as readonly number[]);

/** Of q [n, n_h, h_d] with `keyHeads` heads of keys in `slots` slots: what kernels take before the keys; attributes are native/kernels.h's `PagedAttention`. */
function pagesOf({ inputs, attrs, backend }: KernelArguments, slots: number, keyHeads: number) {
  const q = tensor(inputs, 'q');
  expectRank('q', q, 3);
  const [n, heads, headDim] = q.shape as [number, number, number];
  const [queryOffsets, lengths, blocks] = ['queryOffsets', 'lengths', 'blocks'].map((name) =>
    integersOf(attrs[name]),
  ) as [Int32Array, Int32Array, Int32Array];
  const number = (name: string) => attrs[name] as number;
  return [
    n,
    lengths.length,
    heads,
    keyHeads,
    headDim,
    slots,
    blocks.length,
    number('blockSize'),
    number('keyOffset'),
    number('valueOffset'),
    number('scale'),
    number('window'),
    number('chunk'),
    number('softCap'),
    queryOffsets,
    lengths,
    blocks,
    ...maskArguments(attrs),
    backend.floats(q),
  ] as const;
}

/** words int32 [slots, words], scales [slots, n_kv, g]: a table of native/int8-rows.h. */
function int8TableOf({ inputs, backend }: KernelArguments) {
  const [words, scales] = [tensor(inputs, 'words'), tensor(inputs, 'scales')];
  expectRank('words', words, 2);
  const [slots, rowWords] = words.shape as [number, number];
  const [, keyHeads = 1, headScales = 1] = scales.shape;
  expectShape('scales', scales, [slots, keyHeads, headScales]);
  const arrays = [backend.integers(words), backend.floats(scales)] as const;
  return { slots, keyHeads, sizes: [rowWords, keyHeads * headScales] as const, arrays };
}

export const pagedAttentionKernels: Kernels = {
  /** q [n, n_h, h_d], k, v [slots, n_kv, h_d] → [n, n_h, h_d] */
  PagedAttention(call) {
    const { inputs, backend } = call;
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    expectRank('k', k, 3);
    const [slots, keyHeads] = k.shape as [number, number, number];
    const pages = pagesOf(call, slots, keyHeads);
    expectShape('k', k, [slots, keyHeads, q.shape[2] ?? 0]);
    expectShape('v', v, k.shape);
    const values = [backend.floats(k), backend.floats(v)] as const;
    const out = backend.output(q.shape);
    backend.addon.pagedAttention(...pages, ...values, backend.floats(out));
    return out;
  },

  /** q [n, n_h, h_d], words int32 [slots, words], scales [slots, n_kv, g] → [n, n_h, h_d] */
  PagedAttentionInt8(call) {
    const { inputs, backend } = call;
    const { slots, keyHeads, sizes, arrays } = int8TableOf(call);
    const pages = pagesOf(call, slots, keyHeads);
    const out = backend.output(tensor(inputs, 'q').shape);
    backend.addon.pagedAttentionInt8(...pages, ...sizes, ...arrays, backend.floats(out));
    return out;
  },

  /** table [slots, ...], rows [n, ...] of one type → nothing: row i takes the place of the table's row at[i], in its memory */
  WriteRows({ inputs, attrs, backend }) {
    const [table, rows] = [tensor(inputs, 'table'), tensor(inputs, 'rows')];
    const at = integersOf(attrs['at']);
    const [slots, ...row] = table.shape as [number, ...number[]];
    expectShape('rows', rows, [at.length, ...row]);
    backend.queue.expect(valuesOf(backend, table));
    backend.addon.writeRows(at.length, slots, sizeOf(row), at, bitsOf(backend, rows), bitsOf(backend, table));
    return [];
  },

  /** words int32 [slots, words], scales [slots, n_kv, g], rows [n, n_kv, h_d] → nothing: row i is quantized into the slot at[i], in the table's memory */
  WriteRowsInt8(call) {
    const { inputs, attrs, backend } = call;
    const { slots, keyHeads, sizes, arrays } = int8TableOf(call);
    const rows = tensor(inputs, 'rows');
    const at = integersOf(attrs['at']);
    const headDim = rows.shape.at(-1) ?? 1;
    expectShape('rows', rows, [at.length, keyHeads, headDim]);
    for (const array of arrays) backend.queue.expect(array);
    backend.addon.writeRowsInt8(at.length, slots, keyHeads, headDim, ...sizes, at, backend.floats(rows), ...arrays);
    return [];
  },
};

/** The memory of a tensor of numbers of 32 bits. */
const valuesOf = (backend: NativeBackend, x: TensorInfo): Float32Array | Int32Array =>
  x.dtype === 'int32' ? backend.integers(x) : backend.floats(x);

/** The same for a kernel that copies it as it is. */
function bitsOf(backend: NativeBackend, x: TensorInfo): Float32Array {
  const values = valuesOf(backend, x);
  return values instanceof Float32Array ? values : new Float32Array(values.buffer, values.byteOffset, values.length);
}
