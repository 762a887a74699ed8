/**
 * @file The decoder-only transformer of Llama 3 (https://arxiv.org/abs/2407.21783): pre-norm blocks of grouped-query attention with
 * rotary positions, and of a SwiGLU feed-forward network.
 *
 * Shapes: b sequences, s tokens each, hidden size d, n_h query heads and n_kv key/value heads of size h_d, f inner features,
 * vocabulary V.
 */
import { UserError } from '@arrowsmith/errors';
import { attention, embedding, linear, linearCrossEntropy, rmsNorm, rope, ropeTables, swiglu } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.ts';
import { appendToLayer, type KvCache } from './kv-cache.ts';
import type { ParameterTensors } from './tensors.ts';

/**
 * Runs the decoder over a batch of sequences.
 *
 * @param ids token ids, int32 [b, s]
 * @param options.cache continues the sequences whose keys and values it holds, and appends the new ones
 * @returns hidden states after the final norm, [b, s, d]
 * @throws UserError when the sequences get longer than the context, or an id is outside the vocabulary
 */
export function forward(
  config: DecoderConfig,
  parameters: ParameterTensors,
  ids: tf.Tensor,
  { cache }: { cache?: KvCache } = {},
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
      x = tf.tidy(() => block(config, parameters, layer, x, tables, cache));
    }
    return rmsNorm(x, parameters['model.norm.weight']!, { epsilon: config.rmsNormEpsilon });
  });
  if (cache !== undefined) cache.length += s;
  return hidden;
}

/** One transformer block: [b, s, d] -> [b, s, d]. */
function block(
  config: DecoderConfig,
  parameters: ParameterTensors,
  layer: number,
  x: tf.Tensor,
  { cos, sin }: { cos: tf.Tensor; sin: tf.Tensor },
  cache: KvCache | undefined,
): tf.Tensor {
  const { heads, kvHeads, headDim, rmsNormEpsilon: epsilon } = config;
  const [b, s] = x.shape as [number, number, number];
  const weight = (name: string) => parameters[`model.layers.${layer}.${name}.weight`]!;
  const project = (input: tf.Tensor, name: string) => linear(input, weight(name));

  const attentionInput = rmsNorm(x, weight('input_layernorm'), { epsilon }); // [b, s, d]
  const q = rope(tf.reshape(project(attentionInput, 'self_attn.q_proj'), [b, s, heads, headDim]), cos, sin);
  let k = rope(tf.reshape(project(attentionInput, 'self_attn.k_proj'), [b, s, kvHeads, headDim]), cos, sin);
  let v = tf.reshape(project(attentionInput, 'self_attn.v_proj'), [b, s, kvHeads, headDim]);
  if (cache !== undefined) ({ k, v } = appendToLayer(cache, layer, k, v)); // [b, s_kv, n_kv, h_d]
  const attended = attention(q, k, v, { scale: 1 / Math.sqrt(headDim) }); // [b, s, n_h, h_d]
  const afterAttention = tf.add(x, project(tf.reshape(attended, [b, s, heads * headDim]), 'self_attn.o_proj')); // [b, s, d]

  const ffnInput = rmsNorm(afterAttention, weight('post_attention_layernorm'), { epsilon }); // [b, s, d]
  const gated = swiglu(project(ffnInput, 'mlp.gate_proj'), project(ffnInput, 'mlp.up_proj')); // [b, s, f]
  return tf.add(afterAttention, project(gated, 'mlp.down_proj')); // [b, s, d]
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
): tf.Tensor {
  return tf.tidy(() => {
    const hidden = tf.reshape(forward(config, parameters, inputs), [-1, config.hiddenSize]); // [b s, d]
    return linearCrossEntropy(hidden, outputWeight(config, parameters), tf.reshape(targets, [-1]));
  });
}

/**
 * The matrix [V, d] of the output layer: with tied embeddings, the embedding matrix. With `tokenLosses` it gives each token's
 * negative log likelihood.
 */
export function outputWeight(config: DecoderConfig, parameters: ParameterTensors): tf.Tensor {
  return parameters[config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight']!;
}
