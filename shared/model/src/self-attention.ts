/** @file A decoder's self-attention: projections, norms of heads, positions, masks, cache. */
import {
  addBias,
  attention,
  linear,
  linearAdd,
  linears,
  positionsFrom,
  reshape,
  rmsNorm,
  rope,
  scalePositions,
  type BlockMask,
} from '@arrowsmith/ops';
import { UserError } from '@arrowsmith/errors';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig } from './config.ts';
import { dualChunkAttention, rotateByChunk, type DualChunkAttentionConfig } from './dual-chunk-attention.ts';
import type { KeysAndValues, KvPass } from './kv-cache.ts';
import type { AttentionModule, LinearModule, NormModule } from './modules.ts';
import { normalize } from './normalization.ts';
import type { PositionTables } from './positions.ts';

/** What attention reads besides its input: functions of the positions, and of the text. */
export type AttentionContext = PositionTables & {
  /** Number of the layer. */
  layer: number;
  /** First position of each position's document, int32 [b, s], to which attention is confined. */
  documentOffsets?: tf.Tensor | undefined;
  /** In place of the layer's window and chunks. */
  mask?: BlockMask | undefined;
  /** Keys and values of an earlier layer, for one that has none of its own; where there is a cache, they are in it. */
  shared?: KeysAndValues | undefined;
  /** Whether later layers use the keys and values of this one. */
  isShared: boolean;
  cache?: KvPass | undefined;
};

/** What attention's inputs depend on. Of a cache the positions count alone, so that it may be anywhere. */
export type AttentionInputContext = Omit<AttentionContext, 'layer' | 'documentOffsets' | 'cache'> & {
  cache?: Pick<KvPass, 'positions'> | undefined;
};

/** What attention reads. */
export type AttentionInputs = {
  /** [b, s, n_h, h_d] */
  queries: tf.Tensor;
  /** Keys and values of a layer that has its own. */
  own: KeysAndValues | undefined;
};

/**
 * The first part of grouped-query attention: projections, norms of heads, positions.
 *
 * @param x normed hidden states [b, s, d]
 */
export function attentionInputs(
  module: AttentionModule,
  x: tf.Tensor,
  context: AttentionInputContext,
): AttentionInputs {
  const { q, k, v, config } = module;
  const project = <M extends readonly LinearModule[]>(...modules: M) => heads(config, x, modules); // [b, s, n, h_d]
  let queries: tf.Tensor;
  let own: KeysAndValues | undefined;
  if (k === undefined || v === undefined) {
    [queries] = project(q);
  } else {
    const [forQueries, keys, values] = project(q, k, v);
    queries = forQueries;
    own = {
      k: withPositions(module, keys, 'key', context),
      v: config.valueNorm ? rmsNorm(values, undefined, { epsilon: module.epsilon }) : values,
    };
  }
  queries = withPositions(module, queries, 'query', context);
  if (context.temperature !== undefined) queries = scalePositions(queries, context.temperature);
  return { queries, own };
}

/**
 * The last part: the output projection.
 *
 * @param attended [b, s, n_h, h_d]
 * @param residual what the output is added to, [b, s, d]
 * @returns [b, s, d]
 */
export function attentionOutput(
  { o }: AttentionModule,
  attended: tf.Tensor,
  residual: tf.Tensor | undefined,
): tf.Tensor {
  const output = residual === undefined ? linear(attended, o.weight) : linearAdd(attended, o.weight, residual);
  return o.bias === undefined ? output : addBias(output, o.bias);
}

/** Projections of x that are cut into heads, [b, s, n, h_d] each. */
function heads<M extends readonly LinearModule[]>({ headDim }: AttentionConfig, x: tf.Tensor, modules: M) {
  const [b, s] = x.shape as [number, number];
  const projected = linears(
    x,
    modules.map(({ weight }) => weight),
    { headDim },
  ).map((y, i) => {
    const bias = modules[i]?.bias;
    return bias === undefined ? y : reshape(addBias(reshape(y, [b, s, -1]), bias), y.shape);
  });
  return projected as { [I in keyof M]: tf.Tensor };
}

/** Whether attention rotates queries and keys itself, as nothing else comes between, and nobody else needs the keys. */
function rotatesWithin({ dualChunk, qkNorm }: AttentionConfig, context: AttentionInputContext): boolean {
  const { temperature, shared, isShared, cache } = context;
  const isPlain = dualChunk === null && qkNorm !== 'l2' && temperature === undefined;
  return isPlain && shared === undefined && !isShared && cache === undefined;
}

/** Queries or keys [b, s, n, h_d] with their norm and their positions. */
function withPositions(
  { config, epsilon, qNorm, kNorm }: AttentionModule,
  x: tf.Tensor,
  role: 'query' | 'key',
  context: AttentionInputContext,
): tf.Tensor {
  const { rotary, cache } = context;
  const norm: NormModule | undefined = role === 'query' ? qNorm : kNorm;
  let y = norm === undefined ? x : normalize(x, norm);
  if (hasDualChunks(config)) {
    if (role === 'key') y = rotateByChunk(config, y, cache?.positions ?? positionsFrom(0, y.shape[1] ?? 0));
  } else if (config.rope !== null && rotary !== undefined && !rotatesWithin(config, context)) {
    y = rope(y, rotary.cos, rotary.sin, { interleaved: config.rope.interleaved });
  }
  return config.qkNorm === 'l2' ? rmsNorm(y, undefined, { epsilon }) : y;
}

const hasDualChunks = (config: AttentionConfig): config is DualChunkAttentionConfig => config.dualChunk !== null;

/**
 * The part between: queries over the keys and values that they may see, own ones, those of an earlier layer, and what the cache has.
 *
 * @returns [b, s, n_h, h_d]
 */
export function attend(
  config: AttentionConfig,
  { queries, own }: AttentionInputs,
  context: AttentionContext,
): tf.Tensor {
  const { rotary, documentOffsets, mask, cache, layer, shared } = context;
  const { scale, softCap, keysOfLayer } = config;
  if (mask !== undefined && hasDualChunks(config)) throw withoutMask(layer);
  if (cache !== undefined) return attendCached(config, layer, { queries, own }, cache, mask);
  const { window, chunk } = mask === undefined ? config : NO_SPAN;
  const seen = own ?? shared;
  if (seen === undefined) throw new Error(`layer ${layer} has no keys, and none of layer ${keysOfLayer}`);
  if (hasDualChunks(config)) return dualChunkAttention(config, queries, seen.k, seen.v, documentOffsets);
  const rotation =
    config.rope !== null && rotary !== undefined && rotatesWithin(config, context)
      ? { ...rotary, interleaved: config.rope.interleaved }
      : undefined;
  return attention(queries, seen.k, seen.v, { scale, window, chunk, softCap, mask, documentOffsets, rotary: rotation });
}

/**
 * {@link attend} where there is a cache, which keeps the layer's own keys and values first.
 *
 * @param config of the layer
 * @param mask in place of its window and chunk
 * @returns [1, n, n_h, h_d]
 */
export function attendCached(
  config: AttentionConfig,
  layer: number,
  { queries, own }: AttentionInputs,
  cache: Pick<KvPass, 'append' | 'attend' | 'sequences'>,
  mask?: BlockMask,
): tf.Tensor {
  if (own !== undefined) cache.append(layer, own);
  const owner = config.keysOfLayer ?? layer;
  if (!hasDualChunks(config)) {
    const { scale, softCap } = config;
    const { window, chunk } = mask === undefined ? config : NO_SPAN;
    return cache.attend(owner, queries, { scale, window, chunk, softCap, mask });
  }
  const attended = cache.sequences(owner).map(({ k, v, from, to }) => {
    const ofSequence = tf.slice(queries, [0, from, 0, 0], [1, to - from, -1, -1]);
    return dualChunkAttention(config, ofSequence, k, v);
  });
  return tf.concat(attended, 1);
}

/** What a layer sees where a mask says it. */
const NO_SPAN = { window: 0, chunk: 0 };

const withoutMask = (layer: number): UserError =>
  new UserError({
    what: 'dual chunk attention takes no mask',
    where: `layer ${layer}`,
    expected: 'attention that kernels do',
    found: 'attention with positions within chunks and across them',
    fix: 'leave the mask out, or the dual chunks',
  });
