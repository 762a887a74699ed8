/** @file A transformer block: attention and a feed-forward network around a residual stream, with what families put beside them. */
import { addToEach, linear, scaledSum } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { correct, predict } from './alt-up.ts';
import { feedForward } from './feed-forward.ts';
import type { KeysAndValues } from './kv-cache.ts';
import { mixtureOfExperts, type Routing } from './mixture-of-experts.ts';
import type { BlockModule } from './modules.ts';
import { normalize, normalizeResidual } from './normalization.ts';
import { nth } from './nth.ts';
import { perLayerOutput } from './per-layer-embedding.ts';
import {
  attend,
  attentionInputs,
  type AttentionContext,
  type AttentionInputContext,
  type AttentionInputs,
  attentionOutput,
} from './self-attention.ts';

/** What differs from one block to the next, and gradients flow through. */
export type BlockInputs = {
  /** The residual stream [b, s, d]; with AltUp its copies. */
  stream: tf.Tensor[];
  /** The layer's vectors of the tokens, [b, s, p], where there are per-layer embeddings. */
  perLayerInput?: tf.Tensor | undefined;
  /** Keys and values of the layer that this one uses those of. */
  shared?: KeysAndValues | undefined;
};

export type BlockContext = Omit<AttentionContext, 'shared'> & {
  /** Of a nested model (MatFormer), which one. */
  granularity: number;
};

/** A block up to its attention. */
export type BlockBeforeAttention = AttentionInputs & {
  /** With AltUp, what it predicts of the copies; else the stream. */
  predictions: tf.Tensor[];
  /** What attention's projections read. */
  normed: tf.Tensor;
  residual: tf.Tensor;
};

export type BlockOutputs = {
  stream: tf.Tensor[];
  /** Keys and values of a layer that others use. */
  own: KeysAndValues | undefined;
  /** What the router did, where there are experts. */
  routing: Routing | undefined;
};

/** One transformer block. Tensors are [b, s, d] unless said otherwise. */
export function block(module: BlockModule, inputs: BlockInputs, context: BlockContext): BlockOutputs {
  const before = beforeAttention(module, inputs, context);
  const attended = attend(module.attention.config, before, { ...context, shared: inputs.shared });
  const outputs = afterAttention(module, inputs, { before, attended }, context);
  return { ...outputs, own: context.isShared ? before.own : undefined };
}

/** What a block does before its attention. */
export function beforeAttention(
  { altUp, beforeAttention: norm, attention }: BlockModule,
  { stream, shared }: BlockInputs,
  context: Omit<AttentionInputContext, 'shared'>,
): BlockBeforeAttention {
  const predictions = altUp === undefined ? stream : predict(altUp, stream);
  const { normed, residual } = normalizeResidual(nth(predictions, altUp?.config.active ?? 0), norm);
  return { predictions, normed, residual, ...attentionInputs(attention, normed, { ...context, shared }) };
}

/** What a block does after its attention. @param attended what that returned, [b, s, n_h, h_d] */
export function afterAttention(
  module: BlockModule,
  inputs: Pick<BlockInputs, 'perLayerInput'>,
  { before, attended }: { before: BlockBeforeAttention; attended: tf.Tensor },
  { granularity }: Pick<BlockContext, 'granularity'>,
): Omit<BlockOutputs, 'own'> {
  const { attention, afterAttention: attentionNorm, laurel, beforeFfn, ffn, afterFfn, altUp, perLayer } = module;
  const { predictions, normed, residual } = before;
  const active = altUp?.config.active ?? 0;

  // what ends a sub-layer adds the residual itself, where no norm comes between
  const projected = attentionOutput(attention, attended, attentionNorm === undefined ? residual : undefined);
  let x = attentionNorm === undefined ? projected : tf.add(residual, normalize(projected, attentionNorm));
  if (laurel !== undefined) {
    const low = linear(normed, laurel.left); // [b, s, r]
    x = scaledSum([x, normed, normalize(linear(low, laurel.right), laurel.norm)], Math.SQRT1_2);
  }

  // feed-forward; in a parallel block it reads what attention read
  const second = beforeFfn === undefined ? { normed, residual: x } : normalizeResidual(x, beforeFfn);
  const addend = afterFfn === undefined ? second.residual : undefined;
  const { output, routing } =
    ffn.kind === 'moe'
      ? mixtureOfExperts(ffn, second.normed, addend)
      : {
          output: feedForward(ffn, second.normed, {
            width: ffn.config.intermediateSize >> granularity,
            residual: addend,
          }),
          routing: undefined,
        };
  const y = afterFfn === undefined ? output : tf.add(second.residual, normalize(output, afterFfn));

  let stream = altUp === undefined ? [y] : correct(altUp, predictions, y);
  if (perLayer !== undefined && inputs.perLayerInput !== undefined) {
    const { activation } = ffn.config;
    const addition = perLayerOutput(
      perLayer,
      activation,
      nth(stream, active),
      inputs.perLayerInput,
      altUp?.outputScale,
    );
    const [first, ...others] = stream; // with AltUp, it goes to all copies but the first
    if (altUp === undefined) stream = [tf.add(nth(stream, 0), addition)];
    else if (first !== undefined && others.length > 0) stream = [first, ...addToEach(others, addition)];
  }
  return { stream, routing };
}
