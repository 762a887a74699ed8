/** @file A decoder's self-attention: projections, norms of heads, positions, masks, cache. */
import {
  addBias,
  attention,
  linear,
  linearAdd,
  linears,
  reshape,
  rmsNorm,
  rope,
  scalePositions,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, NormConfig } from './config.ts';
import { dualChunkAttention, rotateByChunk } from './dual-chunk-attention.ts';
import { appendToLayer, type KvCache } from './kv-cache.ts';
import type { ParameterTensors } from './tensors.ts';

/** What attention reads besides its input: functions of the positions, and of the text. */
export interface AttentionContext {
  /** Position of the first of the new tokens in the sequence. */
  offset: number;
  /** Rotary tables [s, h_d / 2]; none in a layer without positions. */
  rotary?: { cos: tf.Tensor; sin: tf.Tensor } | undefined;
  /** Factor of the queries by position, [s]. */
  temperature?: tf.Tensor | undefined;
  /** First position of each position's document, int32 [b, s], to which attention is confined. */
  documentOffsets?: tf.Tensor | undefined;
  /** Keys and values of an earlier layer, to use instead of own ones, [b, s_kv, n_kv, h_d]. */
  shared?: { k: tf.Tensor; v: tf.Tensor } | undefined;
  /** What the output is added to, [b, s, d]. */
  residual?: tf.Tensor | undefined;
  /** Whether later layers use the keys and values of this one. */
  isShared?: boolean | undefined;
  /** The cache, and which of its layers this one is. */
  cache?: { of: KvCache; layer: number } | undefined;
}

/**
 * Grouped-query attention.
 *
 * @param x normed hidden states [b, s, d]
 * @param weights the layer's parameters `q_proj.weight` …
 * @returns the output [b, s, d], and, for a layer that is shared, all keys and values that it saw, [b, s_kv, n_kv, h_d]
 */
export function selfAttention(
  config: AttentionConfig,
  norm: NormConfig,
  x: tf.Tensor,
  weights: ParameterTensors,
  { offset, rotary, temperature, documentOffsets, shared, residual, isShared, cache }: AttentionContext,
): { output: tf.Tensor; k: tf.Tensor; v: tf.Tensor } {
  const { headDim, scale, window, chunk, softCap } = config;
  const projections = shared === undefined ? ['q_proj', 'k_proj', 'v_proj'] : ['q_proj'];
  const matrices = projections.map((name) => weights[`${name}.weight`]!);
  const projected = linears(x, matrices, { headDim }).map((y, i) => withHeadBias(config, y, weights, projections[i]!)); // [b, s, n, h_d]
  // Attention turns queries and keys itself where nothing else comes between, and nobody else needs the keys.
  const turnsWithin =
    rotary !== undefined &&
    config.dualChunk === null &&
    config.qkNorm !== 'l2' &&
    temperature === undefined &&
    shared === undefined &&
    isShared !== true &&
    cache === undefined;

  /** Queries or keys. */
  const positioned = (head: tf.Tensor, weight: string): tf.Tensor => {
    let y = head;
    const { epsilon, unitOffset } = norm;
    if (config.qkNorm === 'learned') y = rmsNorm(y, weights[`${weight}.weight`]!, { epsilon, unitOffset });
    if (config.dualChunk !== null) y = weight === 'k_norm' ? rotateByChunk(config, y, offset) : y;
    else if (rotary !== undefined && !turnsWithin)
      y = rope(y, rotary.cos, rotary.sin, { interleaved: config.rope!.interleaved });
    if (config.qkNorm === 'l2') y = rmsNorm(y, undefined, { epsilon });
    return y;
  };

  const positionedQ = positioned(projected[0]!, 'q_norm');
  const q = temperature === undefined ? positionedQ : scalePositions(positionedQ, temperature); // [b, s, n_h, h_d]
  let { k, v } = shared ?? { k: positioned(projected[1]!, 'k_norm'), v: projected[2]! }; // [b, s_kv, n_kv, h_d]
  if (shared === undefined) {
    if (config.valueNorm) v = rmsNorm(v, undefined, { epsilon: norm.epsilon });
    if (cache !== undefined) ({ k, v } = appendToLayer(cache.of, cache.layer, config, k, v));
  }
  const rotation = turnsWithin ? { ...rotary, interleaved: config.rope!.interleaved } : undefined;
  const attended =
    config.dualChunk === null
      ? attention(q, k, v, { scale, window, chunk, softCap, documentOffsets, rotary: rotation }) // [b, s, n_h, h_d]
      : dualChunkAttention(config, q, k, v, offset, documentOffsets);
  const weight = weights['o_proj.weight']!;
  const output = residual === undefined ? linear(attended, weight) : linearAdd(attended, weight, residual); // [b, s, d]
  return { output: config.bias === true ? addBias(output, weights['o_proj.bias']!) : output, k, v };
}

/** Adds a projection's bias to its heads, [b, s, n, h_d]. */
function withHeadBias({ bias }: AttentionConfig, y: tf.Tensor, weights: ParameterTensors, name: string): tf.Tensor {
  if (bias === false) return y;
  const [b, s] = y.shape as [number, number];
  return reshape(addBias(reshape(y, [b, s, -1]), weights[`${name}.bias`]!), y.shape);
}
