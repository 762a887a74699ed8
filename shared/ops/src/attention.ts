/** @file Self-attention, causal or with any mask, with grouped queries (Ainslie et al. 2023, https://arxiv.org/abs/2305.13245). */
import * as tf from '@tensorflow/tfjs-core';
import { isSeen, type BlockMask, type MaskBlocks } from './block-mask.ts';
import { defineOp } from './op.ts';
import { rotate, type RopeOptions } from './rope.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';
import { unstack } from './unstack.ts';

export type AttentionOptions = {
  /** Factor of the products of queries and keys, before the softmax; usually 1 / sqrt(h_d). */
  scale: number;
  /** Sliding window: a query sees the last `window` positions only, its own included. All by default. */
  window?: number;
  /** Chunked attention: a query sees its own of the chunks of so many positions only, up to itself. No chunks by default. */
  chunk?: number;
  /**
   * In place of window and chunk: says alone which keys a query sees, be they before or behind it. One that sees none gives zeros. With documents, positions in
   * the mask are counted from where the query's document begins, and keys of other documents are hidden, as if each document stood alone.
   */
  mask?: BlockMask | undefined;
  /** Caps scores softly, to softCap · tanh(score / softCap), before the mask. No cap by default. */
  softCap?: number;
  /**
   * Documents in succession in a sequence: for each position the first one of its document, int32 [b, s_kv], which rises with the
   * position. A query sees keys from there on only. One document by default.
   */
  documentOffsets?: tf.Tensor | undefined;
  /**
   * Rotary position embedding: queries and keys are rotated by their positions first, by tables [s_kv, rotaryPairs], as `rope` does; s = s_kv then. As
   * part of attention it costs no pass over memory. None by default.
   */
  rotary?: (RopeOptions & { cos: tf.Tensor; sin: tf.Tensor }) | undefined;
};

/** The options that are no tensors, with 0 for what there is not. */
type AttentionAttributes = Required<Omit<AttentionOptions, 'documentOffsets' | 'rotary' | 'mask'> & RopeOptions> &
  Partial<MaskBlocks>;

type AttentionInputs = NamedTensors<'q' | 'k' | 'v'> & Partial<NamedTensors<'documentOffsets' | 'cos' | 'sin'>>;

// The reference takes one key head of one sequence at a time, with the g query heads that share it as g·s rows: a product of
// two matrices runs on XNNPACK in the wasm backend, a batched or transposed one on a loop that is ten times slower.
/** {@link attention} of a mask's blocks. */
export const attentionOfBlocks = defineOp({
  kernelName: 'Attention',
  constants: ['documentOffsets', 'cos', 'sin'],
  forward(inputs: AttentionInputs, attributes: AttentionAttributes) {
    const { v, documentOffsets } = inputs;
    const { q, k } = rotated(inputs, attributes);
    const { scale, softCap, maskSide } = attributes;
    const [sKv, nKv] = k.shape.slice(1, 3) as [number, number];
    const queries = unstack(rows(tf.mul(q, scale), nKv)); // b·n_kv times [g s, h_d]
    const keys = unstack(columns(k)); // [h_d, s_kv]
    const values = unstack(rows(v, nKv)); // [s_kv, h_d]
    const masks = masksOf(q.shape[1]!, sKv, attributes, documentOffsets);
    const probabilities = queries.map((query, i) =>
      tf.tidy(() => {
        const scores = tf.matMul(query, keys[i]!);
        const capped = softCap === 0 ? scores : tf.mul(tf.tanh(tf.div(scores, softCap)), softCap);
        const mask = masks[Math.floor(i / nKv) % masks.length]!;
        const masked = tf.add(tf.reshape(capped, [-1, ...mask.shape]), mask); // [g, s, s_kv]
        const probability = tf.softmax(masked);
        const all = maskSide === undefined ? probability : tf.mul(probability, seesAny(mask));
        return tf.reshape(all, scores.shape);
      }),
    ); // [g s, s_kv]
    const attended = probabilities.map((probability, i) => tf.matMul(probability, values[i]!)); // [g s, h_d]
    return [fromRows(tf.stack(attended), q.shape), ...probabilities];
  },
  saved: (inputs, [value]): AttentionInputs & NamedTensors<'value'> => ({ ...inputs, value: value! }),
  gradient([dValue], { value, ...inputs }, probabilities, attributes) {
    const { v, cos, sin } = inputs;
    const { q, k } = rotated(inputs, attributes);
    const { scale, softCap, interleaved } = attributes;
    const turnedBack = (d: tf.Tensor) => (cos === undefined ? d : rotate(d, cos, tf.neg(sin!), interleaved));
    const nKv = k.shape[2]!;
    const queries = unstack(rows(tf.mul(q, scale), nKv)); // b·n_kv times [g s, h_d]
    const keys = unstack(rows(tf.mul(k, scale), nKv)); // [s_kv, h_d]
    const keyColumns = softCap === 0 ? [] : unstack(columns(k)); // [h_d, s_kv]
    const values = unstack(columns(v)); // [h_d, s_kv]
    const dAttended = unstack(rows(dValue, nKv)); // [g s, h_d]
    // Σ_j p_j dL/dp_j of each row's probabilities p, which the softmax's gradient subtracts, is also the product of value and dValue.
    const projections = unstack(rows(tf.sum(tf.mul(dValue, value), 3, true), nKv)); // [g s, 1]
    const gradients = probabilities.map((probability, i) =>
      tf.tidy(() => {
        const dProbability = tf.matMul(dAttended[i]!, values[i]!); // [g s, s_kv]
        let dScores = tf.mul(tf.sub(dProbability, projections[i]!), probability); // [g s, s_kv]
        if (softCap !== 0) {
          // (c tanh(s / c))' = 1 − tanh²(s / c)
          const tanh = tf.tanh(tf.div(tf.matMul(queries[i]!, keyColumns[i]!), softCap)); // [g s, s_kv]
          dScores = tf.mul(dScores, tf.sub(1, tf.square(tanh)));
        }
        return {
          dQ: tf.matMul(dScores, keys[i]!), // [g s, h_d]
          dK: tf.matMul(transposeMatrix(dScores), queries[i]!), // [s_kv, h_d]
          dV: tf.matMul(transposeMatrix(probability), dAttended[i]!), // [s_kv, h_d]
        };
      }),
    );
    return [
      turnedBack(fromRows(tf.stack(gradients.map(({ dQ }) => dQ)), q.shape)),
      turnedBack(fromRows(tf.stack(gradients.map(({ dK }) => dK)), k.shape)),
      fromRows(tf.stack(gradients.map(({ dV }) => dV)), v.shape),
    ];
  },
});

/** Queries and keys, rotated by their positions where there are tables. */
function rotated(
  { q, k, cos, sin }: AttentionInputs,
  { interleaved }: AttentionAttributes,
): { q: tf.Tensor; k: tf.Tensor } {
  return cos === undefined ? { q, k } : { q: rotate(q, cos, sin!, interleaved), k: rotate(k, cos, sin!, interleaved) };
}

/** [b, s, n_kv g, h_d] -> [b n_kv, g s, h_d]: the heads that share a key head, one below the other. */
function rows(x: tf.Tensor, nKv: number): tf.Tensor {
  const [b, , , hd] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [b * nKv, -1, hd]);
}

/** [b, s, n_kv, h_d] -> [b n_kv, h_d, s]: the transpose of each of the matrices that `rows` makes. */
function columns(x: tf.Tensor): tf.Tensor {
  const [b, s, n, hd] = x.shape as [number, number, number, number];
  return tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [b * n, hd, s]);
}

/** The inverse of `rows`: [b n_kv, g s, h_d] -> [b, s, n_kv g, h_d]. */
function fromRows(x: tf.Tensor, [b, s, n, hd]: number[]): tf.Tensor {
  return tf.transpose(tf.reshape(x, [b!, n!, s!, hd!]), [0, 2, 1, 3]);
}

/** What is added to the score of a pair that may not meet: its exponential is 0. */
const MASKED = -1e9;

/** The mask of each sequence, or one of all: [s, s_kv], added to scores. */
function masksOf(s: number, sKv: number, attributes: AttentionAttributes, documentOffsets?: tf.Tensor): tf.Tensor[] {
  const blocks = blocksIn(attributes);
  if (documentOffsets === undefined) {
    return [blocks === undefined ? causalMask(s, sKv, attributes) : maskOfBlocks(s, sKv, blocks)];
  }
  if (blocks === undefined) {
    const causal = causalMask(s, sKv, attributes);
    return unstack(documentOffsets).map((first) => confine(causal, first));
  }
  const all = tf.reshape(maskOfBlocks(sKv, sKv, blocks), [-1]);
  return unstack(documentOffsets).map((first) => maskOfDocuments(s, all, tf.reshape(first, [1, sKv])));
}

/** A mask's blocks as attributes have them. */
export function blocksIn({ maskSide, maskTable, bitmaps }: Partial<MaskBlocks>): MaskBlocks | undefined {
  const isThere = maskSide !== undefined && maskTable !== undefined && bitmaps !== undefined;
  return isThere ? { maskSide, maskTable, bitmaps } : undefined;
}

/** {@link causalMask} of a mask's blocks. */
function maskOfBlocks(s: number, sKv: number, blocks: MaskBlocks): tf.Tensor {
  const position = (i: number) => Math.floor(i / sKv) + sKv - s;
  return tf.tensor(
    Float32Array.from({ length: s * sKv }, (_, i) => (isSeen(blocks, position(i), i % sKv) ? 0 : MASKED)),
    [s, sKv],
  );
}

/**
 * A mask [s, s_kv] of positions that are counted from where a query's document begins.
 *
 * @param all for all pairs of positions, [s_kv²]
 * @param first the first position of each position's document, int32 [1, s_kv]
 */
function maskOfDocuments(s: number, all: tf.Tensor, first: tf.Tensor): tf.Tensor {
  const sKv = first.size;
  const firstOfQuery = tf.reshape(tf.slice(first, [0, sKv - s], [1, s]), [s, 1]);
  const query = tf.sub(tf.reshape(tf.range(sKv - s, sKv, 1, 'int32'), [s, 1]), firstOfQuery); // in its document, [s, 1]
  const key = tf.maximum(tf.sub(tf.range(0, sKv, 1, 'int32'), firstOfQuery), tf.scalar(0, 'int32')); // [s, s_kv]
  const seen = tf.gather(all, tf.add(tf.mul(query, tf.scalar(sKv, 'int32')), key)); // whatever there is for keys of other documents
  const isOther = tf.cast(tf.notEqual(first, firstOfQuery), 'float32'); // [s, s_kv]
  return tf.add(seen, tf.mul(isOther, MASKED));
}

/** 1 for each query that sees a key, and 0 for the others, of whose scores the softmax makes what it may: [s, 1]. */
function seesAny(mask: tf.Tensor): tf.Tensor {
  return tf.cast(tf.greater(tf.max(mask, 1, true), MASKED), 'float32');
}

/** [s, s_kv]: 0 where query i may see key j, and {@link MASKED} where it may not. */
function causalMask(s: number, sKv: number, { window, chunk }: AttentionAttributes): tf.Tensor {
  const mask = new Float32Array(s * sKv).fill(MASKED);
  for (let i = 0; i < s; i++) {
    const position = i + sKv - s;
    const firstOfWindow = window === 0 ? 0 : Math.max(0, position - window + 1);
    const firstOfChunk = chunk === 0 ? 0 : position - (position % chunk);
    mask.fill(0, i * sKv + Math.max(firstOfWindow, firstOfChunk), i * sKv + position + 1);
  }
  return tf.tensor(mask, [s, sKv]);
}

/** A mask [s, s_kv] which hides what comes before a query's document too, given each position's first: int32 [s_kv]. */
function confine(mask: tf.Tensor, documentOffsets: tf.Tensor): tf.Tensor {
  const [s, sKv] = mask.shape as [number, number];
  const first = tf.cast(tf.reshape(tf.slice(documentOffsets, [sKv - s], [s]), [s, 1]), 'float32');
  const distance = tf.sub(tf.range(0, sKv), first); // [s, s_kv], below 0 for keys that come before
  return tf.add(mask, tf.mul(tf.clipByValue(distance, -1, 0), -MASKED));
}

/**
 * Causal scaled dot-product attention. The queries are the last s of s_kv positions: query i stands at p = i + s_kv − s, and sees the
 * keys j <= p; with a window, of those j > p − window; with chunks, of those j >= ⌊p / chunk⌋ · chunk; with documents, of those
 * j >= documentOffsets[p]. With a mask, it sees those of its document that the mask says. Query head n uses key and value head floor(n · n_kv / n_h).
 *
 * Kernels `Attention`, `AttentionGrad`; attributes are the options, with 0 for a window, chunk or cap that there is not; `documentOffsets`, `cos` and
 * `sin` are inputs, or missing; of a mask, the attributes are its blocks.
 *
 * @param q [b, s, n_h, h_d]
 * @param k [b, s_kv, n_kv, h_d], n_h a multiple of n_kv, s_kv >= s
 * @param v [b, s_kv, n_kv, h_d]
 * @returns [b, s, n_h, h_d]
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { scale, window = 0, chunk = 0, softCap = 0, documentOffsets, rotary, mask }: AttentionOptions,
): tf.Tensor {
  const { cos, sin, interleaved = false } = rotary ?? {};
  const inputs: AttentionInputs = {
    q,
    k,
    v,
    ...(documentOffsets === undefined ? {} : { documentOffsets }),
    ...(cos === undefined ? {} : { cos, sin }),
  };
  const [s, sKv] = [q.shape[1]!, k.shape[1]!];
  const blocks = maskAttributes({ mask, window, chunk }, (each) =>
    each.blocksFor(documentOffsets === undefined ? sKv - s : 0, sKv, sKv),
  );
  return attentionOfBlocks(inputs, { scale, window, chunk, softCap, interleaved, ...blocks })[0]!;
}

/** The attributes of a mask, if there is one. @throws Error for one beside a window or chunks */
export function maskAttributes(
  { mask, window = 0, chunk = 0 }: Pick<AttentionOptions, 'mask' | 'window' | 'chunk'>,
  blocksOf: (mask: BlockMask) => MaskBlocks,
): Partial<MaskBlocks> {
  if (mask === undefined) return {};
  if (window === 0 && chunk === 0) return blocksOf(mask);
  throw new Error('a mask says all of what a query sees: window and chunk belong into its predicate');
}
