/**
 * @file Attention over keys and values that lie in blocks anywhere in a table, each sequence's in an order of its own (PagedAttention, Kwon et al. 2023,
 * https://arxiv.org/abs/2309.06180). One sequence with one block as long as the context is a contiguous cache.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attentionOfBlocks, blocksIn, maskAttributes, type AttentionOptions } from './attention.ts';
import type { BlockMask, MaskBlocks } from './block-mask.ts';
import { defineKernel, hasKernel, runBackendKernel } from './op.ts';
import type { NamedTensors } from './tape.ts';

/** A list; or an Int32Array, which is used as it is, so that a recorded pass finds in it what is there when it runs. */
export type Integers = readonly number[] | Int32Array;

/** Where the keys and values of b sequences lie in their tables, and which queries are whose. */
export type PagedLayout = {
  /** First query of each sequence, and the end of the last: [b + 1]. */
  queryOffsets: Integers;
  /** Keys of each sequence; its queries are at the last of them. */
  lengths: Integers;
  /** The first slot of each block, ⌈length / blockSize⌉ for each sequence after the other, and maybe more behind them; −1 where no query may look. */
  blocks: Integers;
  /** Keys in a block. */
  blockSize: number;
  /** Is added to each slot for the keys, and for the values. */
  keyOffset: number;
  valueOffset: number;
};

/** What there is for attention over pages to choose. */
export type PagedAttentionOptions = Omit<AttentionOptions, 'documentOffsets' | 'rotary'>;

type Tables = NamedTensors<'q' | 'k' | 'v'>;
type Attributes = PagedLayout &
  Required<Pick<AttentionOptions, 'scale' | 'window' | 'chunk' | 'softCap'>> &
  Partial<MaskBlocks>;

const kernel = defineKernel({
  kernelName: 'PagedAttention',
  reference({ q, k, v }: Tables, { scale, window, chunk, softCap, ...layout }: Attributes) {
    const attended = Array.from(layout.lengths, (_, sequence) => {
      const [from, to] = queriesOf(layout, sequence);
      const queries = tf.expandDims(tf.slice(q, from, to - from)); // [1, s, n_h, h_d]
      const [keys, values] = [
        pagedRows(k, layout, sequence, layout.keyOffset),
        pagedRows(v, layout, sequence, layout.valueOffset),
      ];
      const options = { scale, window, chunk, softCap, interleaved: false, ...blocksIn(layout) };
      return tf.squeeze(attentionOfBlocks({ q: queries, k: keys, v: values }, options)[0]!, [0]);
    });
    return [tf.concat(attended)];
  },
});

function queriesOf({ queryOffsets }: PagedLayout, sequence: number): [from: number, to: number] {
  return [queryOffsets[sequence] ?? 0, queryOffsets[sequence + 1] ?? 0];
}

/** The slots of a sequence's positions. A block that nobody may look into counts as the table's first. */
function slotsOf({ lengths, blocks, blockSize }: PagedLayout, sequence: number): number[] {
  const blocksOf = (length: number) => Math.ceil(length / blockSize);
  const first = Array.from(lengths.slice(0, sequence), blocksOf).reduce((sum, count) => sum + count, 0);
  return Array.from({ length: lengths[sequence] ?? 0 }, (_, position) => {
    const block = blocks[first + Math.floor(position / blockSize)] ?? 0;
    return Math.max(block, 0) + (position % blockSize);
  });
}

/**
 * All keys, or all values, of a sequence as one tensor: for attention that no kernel does over blocks.
 *
 * @param table [slots, n_kv, h_d]
 * @param offset the layout's for keys, or that for values
 * @returns [1, length, n_kv, h_d]
 */
export function pagedRows(table: tf.Tensor, layout: PagedLayout, sequence: number, offset: number): tf.Tensor {
  const slots = slotsOf(layout, sequence).map((slot) => slot + offset);
  return tf.expandDims(tf.gather(table, tf.tensor1d(slots, 'int32')));
}

/**
 * Causal attention of new tokens of several sequences, each over its own keys and values; masks as in {@link attention}. The bits of a query's result
 * depend neither on the other queries nor on where the blocks lie. Without a gradient. With a mask, a query that sees keys behind it must come when they are
 * there: a prefix as a whole, say. A recorded pass has the blocks that the mask had when it was recorded.
 *
 * Kernel `PagedAttention`.
 *
 * @param q queries of all sequences, [n, n_h, h_d]
 * @param k [slots, n_kv, h_d]; may be the same tensor as v
 * @param v [slots, n_kv, h_d]
 * @returns [n, n_h, h_d]
 */
export function pagedAttention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  layout: PagedLayout,
  options: PagedAttentionOptions,
): tf.Tensor {
  return kernel({ q, k, v }, pagedAttributes(layout, options))[0]!;
}

/** Attributes of kernels over pages. */
export function pagedAttributes(
  layout: PagedLayout,
  { scale, window = 0, chunk = 0, softCap = 0, mask }: PagedAttentionOptions,
): Attributes {
  const blocks = maskAttributes({ mask, window, chunk }, (each) => blocksOfPages(each, layout));
  return { ...layout, scale, window, chunk, softCap, ...blocks };
}

/** A mask's blocks with those of each sequence's queries. */
function blocksOfPages(mask: BlockMask, layout: PagedLayout): MaskBlocks {
  for (let sequence = 0; sequence < layout.lengths.length; sequence++) {
    const [from, to] = queriesOf(layout, sequence);
    const length = layout.lengths[sequence] ?? 0;
    if (from < to) mask.blocksFor(length - (to - from), length, length);
  }
  return mask.blocksFor(0, 0, 0);
}

/**
 * Puts rows into slots of a table: in place on a backend with the kernel `WriteRows`, into a new tensor, after which the table is disposed of, elsewhere.
 *
 * @param table [slots, ...]
 * @param rows [n, ...]
 * @param at slots, n different ones
 * @returns the table to go on with; kept, as the one before was
 */
export function writeRows(table: tf.Tensor, rows: tf.Tensor, at: Integers): tf.Tensor {
  if (hasKernel('WriteRows')) {
    runBackendKernel('WriteRows', { table, rows }, { at });
    return table;
  }
  const written = tf.tidy(() => {
    const indices = tf.tensor2d([...at], [at.length, 1], 'int32');
    return tf.keep(tf.tensorScatterUpdate(table, indices, tf.reshape(rows, [at.length, ...table.shape.slice(1)])));
  });
  table.dispose();
  return written;
}
