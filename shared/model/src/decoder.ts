/**
 * @file The decoder-only transformer of Llama 3 (https://arxiv.org/abs/2407.21783): pre-norm blocks of grouped-query attention with
 * rotary positions, and of a SwiGLU feed-forward network.
 *
 * Shapes: b sequences, s tokens each, hidden size d, n_h query heads and n_kv key/value heads of size h_d, f inner features,
 * vocabulary V.
 */
import { UserError } from '@arrowsmith/errors';
import {
  attention,
  embedding,
  linear,
  linearCrossEntropy,
  linears,
  recompute,
  reshape,
  rmsNorm,
  rope,
  ropeTables,
  swiglu,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.ts';
import { appendToLayer, type KvCache } from './kv-cache.ts';
import type { ParameterTensors } from './tensors.ts';

/** How the decoder runs; neither changes its result. */
export interface ForwardOptions {
  /** Continues the sequences whose keys and values it holds, and appends the new ones. */
  cache?: KvCache | undefined;
  /**
   * For a gradient, keeps each block's input only, and computes the block's activations once more in the backward pass: less
   * memory for about a third more computation.
   */
  recompute?: boolean | undefined;
}

/**
 * Runs the decoder over a batch of sequences.
 *
 * @param ids token ids, int32 [b, s]
 * @returns hidden states after the final norm, [b, s, d]
 * @throws UserError when the sequences get longer than the context, or an id is outside the vocabulary
 */
export function forward(
  config: DecoderConfig,
  parameters: ParameterTensors,
  ids: tf.Tensor,
  { cache, recompute: recomputes = false }: ForwardOptions = {},
): tf.Tensor {
  const s = ids.shape[1]!;
  const offset = cache?.length ?? 0;
  if (offset + s > config.contextLength) {
    throw new UserError({
      what: 'a sequence is longer than the model’s context',
      expected: `at most ${config.contextLength} tokens`,
      found: `${offset + s}`,
      fix: 'shorten the text, or train a model with a larger context length',
    });
  }
  const hidden = tf.tidy(() => {
    const tables = ropeTables({ length: s, headDim: config.headDim, theta: config.ropeTheta, offset });
    let x = embedding(parameters['model.embed_tokens.weight']!, ids); // [b, s, d]
    for (let layer = 0; layer < config.layers; layer++) {
      const inputs = { x, ...layerParameters(parameters, layer) };
      const run = (tensors: BlockTensors) => block(config, tensors, layer, cache);
      const y = tf.tidy(() => (recomputes ? recompute(run, inputs, tables) : run({ ...inputs, ...tables })));
      x.dispose(); // what the gradient needs of it is kept
      x = y;
    }
    return rmsNorm(x, parameters['model.norm.weight']!, { epsilon: config.rmsNormEpsilon });
  });
  if (cache !== undefined) cache.length += s;
  return hidden;
}

/** All tensors of a block: x [b, s, d], the rotary tables, and its parameters by their names within the layer. */
type BlockTensors = Record<'x' | 'cos' | 'sin', tf.Tensor> & ParameterTensors;

/** A layer's parameters, without the part of their names that says so. */
function layerParameters(parameters: ParameterTensors, layer: number): ParameterTensors {
  const prefix = `model.layers.${layer}.`;
  const own = Object.entries(parameters).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** One transformer block: [b, s, d] -> [b, s, d]. */
function block(
  config: DecoderConfig,
  { x, cos, sin, ...parameters }: BlockTensors,
  layer: number,
  cache: KvCache | undefined,
): tf.Tensor {
  const { heads, kvHeads, headDim, rmsNormEpsilon: epsilon } = config;
  const [b, s] = x.shape as [number, number, number];
  const weight = (name: string) => parameters[`${name}.weight`]!;

  const attentionInput = rmsNorm(x, weight('input_layernorm'), { epsilon }); // [b, s, d]
  const [qs, ks, vs] = linears(
    attentionInput,
    ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'].map(weight),
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const q = rope(reshape(qs, [b, s, heads, headDim]), cos, sin);
  let k = rope(reshape(ks, [b, s, kvHeads, headDim]), cos, sin);
  let v = reshape(vs, [b, s, kvHeads, headDim]);
  if (cache !== undefined) ({ k, v } = appendToLayer(cache, layer, k, v)); // [b, s_kv, n_kv, h_d]
  const attended = attention(q, k, v, { scale: 1 / Math.sqrt(headDim) }); // [b, s, n_h, h_d]
  const attentionOutput = linear(reshape(attended, [b, s, heads * headDim]), weight('self_attn.o_proj'));
  const afterAttention = tf.add(x, attentionOutput); // [b, s, d]

  const ffnInput = rmsNorm(afterAttention, weight('post_attention_layernorm'), { epsilon }); // [b, s, d]
  const [gate, up] = linears(ffnInput, ['mlp.gate_proj', 'mlp.up_proj'].map(weight)) as [tf.Tensor, tf.Tensor]; // [b, s, f]
  return tf.add(afterAttention, linear(swiglu(gate, up), weight('mlp.down_proj'))); // [b, s, d]
}

/**
 * Scores of every next token.
 *
 * @param hidden what {@link forward} returned, [b, s, d]
 * @returns [b, s, V]
 */
export function logits(config: DecoderConfig, parameters: ParameterTensors, hidden: tf.Tensor): tf.Tensor {
  return linear(hidden, outputWeight(config, parameters));
}

/**
 * The mean negative log likelihood of the targets, in nats; the quantity that training minimises.
 *
 * @param inputs token ids, int32 [b, s]
 * @param targets the token after each, int32 [b, s]; −1 where none counts
 * @returns scalar
 */
export function loss(
  config: DecoderConfig,
  parameters: ParameterTensors,
  inputs: tf.Tensor,
  targets: tf.Tensor,
  options: Pick<ForwardOptions, 'recompute'> = {},
): tf.Tensor {
  return tf.tidy(() => {
    const hidden = reshape(forward(config, parameters, inputs, options), [-1, config.hiddenSize]); // [b s, d]
    return linearCrossEntropy(hidden, outputWeight(config, parameters), reshape(targets, [-1]));
  });
}

/**
 * The matrix [V, d] of the output layer: with tied embeddings, the embedding matrix. With `tokenLosses` it gives each token's
 * negative log likelihood.
 */
export function outputWeight(config: DecoderConfig, parameters: ParameterTensors): tf.Tensor {
  return parameters[config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight']!;
}
