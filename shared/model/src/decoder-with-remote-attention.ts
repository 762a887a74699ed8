/**
 * @file The decoder's forward pass where attention is computed elsewhere, by whoever keeps keys and values (Glinthawk, Hamadanian and others 2025,
 * https://arxiv.org/abs/2501.11779): the same operations in the same order as in one process.
 */
import * as tf from '@tensorflow/tfjs-core';
import { afterAttention, beforeAttention, type BlockBeforeAttention } from './block.ts';
import type { DecoderConfig } from './config.ts';
import { beginStream, checkPositions, endStream } from './decoder.ts';
import { bindModules, type BlockModule, type Parameters } from './modules.ts';
import { positionTables } from './positions.ts';
import type { AttentionInputs } from './self-attention.ts';

/** What {@link forwardWithRemoteAttention} asks of whoever keeps the keys and values: a `KvPass` that takes its time. */
export interface RemoteKvPass {
  /** Position of each of the n tokens in its sequence. */
  readonly positions: readonly number[];
  /**
   * Keeps what a layer made of the tokens, and attends over what is kept of their sequences.
   *
   * @param inputs queries [1, n, n_h, h_d], and keys and values [1, n, n_kv, h_d] of a layer that has its own; they stay the caller's
   * @returns [1, n, n_h, h_d], the caller's
   */
  attend(layer: number, inputs: AttentionInputs): Promise<tf.Tensor>;
}

/**
 * Runs the decoder over new tokens of some sequences. No scope of tensors is open while attention is computed, so that others may compute meanwhile.
 *
 * @param ids token ids, int32 [1, n]; they, and the rows, stay the caller's
 * @param options.perLayerRows as `forward` takes them
 * @returns hidden states after the final norm, [1, n, d], the caller's
 * @throws UserError when the sequences get longer than the context, and whatever attention throws
 */
export async function forwardWithRemoteAttention(
  config: DecoderConfig,
  parameters: Parameters,
  ids: tf.Tensor,
  { cache, perLayerRows }: { cache: RemoteKvPass; perLayerRows?: tf.Tensor | undefined },
): Promise<tf.Tensor> {
  const modules = bindModules(config, parameters);
  checkPositions(config, cache.positions);
  const { vectors, tables, ...begun } = tf.tidy(() => {
    const tablesOf = positionTables(cache.positions);
    return {
      ...beginStream(modules, ids, { perLayerRows }),
      tables: modules.layers.map(({ attention }) => tablesOf(attention.config)),
    };
  });
  let { stream } = begun;
  try {
    for (const [layer, module] of modules.layers.entries()) {
      const context = { ...tables[layer], isShared: false, cache };
      const before = tf.tidy(() => beforeAttention(module, { stream }, context));
      const next = await throughAttention(module, before, vectors[layer], () => cache.attend(layer, before));
      tf.dispose(stream);
      stream = next;
    }
    return tf.tidy(() => endStream(modules, stream));
  } finally {
    tf.dispose([stream, vectors, tables] as tf.TensorContainer);
  }
}

/** A block from its attention on. @returns the stream; what the block had before it is disposed of, but the stream that it read */
async function throughAttention(
  module: BlockModule,
  before: BlockBeforeAttention,
  perLayerInput: tf.Tensor | undefined,
  attend: () => Promise<tf.Tensor>,
): Promise<tf.Tensor[]> {
  try {
    const attended = await attend();
    try {
      return tf.tidy(() => afterAttention(module, { perLayerInput }, { before, attended }, { granularity: 0 }).stream);
    } finally {
      attended.dispose();
    }
  } finally {
    tf.dispose(before);
  }
}
