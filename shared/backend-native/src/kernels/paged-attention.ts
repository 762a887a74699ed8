/** @file Attention over keys and values in blocks of a table, and what writes them there. */
import { expectRank, expectShape, type Kernels, sizeOf, tensor } from './kernel.ts';

/** An Int32Array as it is, in which a recorded kernel finds what is there when it runs; of a list, which may change while the kernel waits, a copy. */
const integersOf = (list: unknown): Int32Array =>
  list instanceof Int32Array ? list : Int32Array.from(list as readonly number[]);

export const pagedAttentionKernels: Kernels = {
  /** q [n, n_h, h_d], k, v [slots, n_kv, h_d] → [n, n_h, h_d]; attributes are native/kernels.h's `PagedAttention` */
  PagedAttention({ inputs, attrs, backend }) {
    const [q, k, v] = [tensor(inputs, 'q'), tensor(inputs, 'k'), tensor(inputs, 'v')];
    expectRank('q', q, 3);
    expectRank('k', k, 3);
    const [n, heads, headDim] = q.shape as [number, number, number];
    const [slots, keyHeads] = k.shape as [number, number, number];
    expectShape('k', k, [slots, keyHeads, headDim]);
    expectShape('v', v, k.shape);
    const [queryOffsets, lengths, blocks] = ['queryOffsets', 'lengths', 'blocks'].map((name) =>
      integersOf(attrs[name]),
    ) as [Int32Array, Int32Array, Int32Array];
    const number = (name: string) => attrs[name] as number;
    const values = [backend.floats(q), backend.floats(k), backend.floats(v)] as const;
    const out = backend.output(q.shape);
    backend.addon.pagedAttention(
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
      ...values,
      backend.floats(out),
    );
    return out;
  },

  /** table [slots, ...], rows [n, ...] → nothing: row i takes the place of the table's row at[i], in its memory */
  WriteRows({ inputs, attrs, backend }) {
    const [table, rows] = [tensor(inputs, 'table'), tensor(inputs, 'rows')];
    const at = integersOf(attrs['at']);
    const [slots, ...row] = table.shape as [number, ...number[]];
    expectShape('rows', rows, [at.length, ...row]);
    const values = backend.floats(table);
    backend.queue.expect(values);
    backend.addon.writeRows(at.length, slots, sizeOf(row), at, backend.floats(rows), values);
    return [];
  },
};
