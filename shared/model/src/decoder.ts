/**
 * @file The decoder-only transformer: what runs a configuration. Everything that families differ in is in the configuration.
 *
 * Shapes: b sequences, s tokens each, hidden size d, n_h query heads and n_kv key/value heads of size h_d, f inner features, E experts,
 * vocabulary V. The residual stream is one tensor [b, s, d], or with AltUp several.
 */
import { UserError } from '@arrowsmith/errors';
import {
  addToEach,
  embedding,
  linear,
  linearCrossEntropy,
  logits as logitsOf,
  recompute,
  reshape,
  ropeTables,
  scale,
  scaleColumns,
  scaledSum,
  tokenLosses,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { correct, expandStream, mergeStream, predict } from './alt-up.ts';
import { mupWidth, type AttentionConfig, type DecoderConfig } from './config.ts';
import { feedForward, gated } from './feed-forward.ts';
import type { KeysAndValues, KvCache } from './kv-cache.ts';
import { mixtureOfExperts, type Routing } from './mixture-of-experts.ts';
import { normalize, normalizeResidual } from './normalization.ts';
import { perLayerInputs, perLayerOutput } from './per-layer-embedding.ts';
import { scaledFrequencies } from './positions.ts';
import { routerLosses } from './router-losses.ts';
import { selfAttention } from './self-attention.ts';
import { within, type ParameterTensors } from './tensors.ts';
import { withPatches } from './vision.ts';

/** How the decoder runs. */
export interface ForwardOptions {
  /** Continues the sequences whose keys and values it holds, and appends the new ones. */
  cache?: KvCache | undefined;
  /**
   * For a gradient, keeps each block's input only, and computes the block's activations once more in the backward pass: less
   * memory for about a third more computation. Does not change the result.
   */
  recompute?: boolean | undefined;
  /** First position of each position's document, int32 [b, s], to which attention is confined; by default it sees the whole row. */
  documentOffsets?: tf.Tensor | undefined;
  /** Of a nested model (MatFormer), which one: 0 the whole, 1 the half, 2 the quarter … of its feed-forward networks. */
  granularity?: number | undefined;
  /**
   * Pictures that take the place of the first tokens, float32 [b, p, channels · patchSize²]; the ids there are placeholders. Where a cache continues
   * sequences, they have been seen.
   */
  patches?: tf.Tensor | undefined;
  /** Rows of the table of per-layer embeddings, [b, s, layers · p], where it is not among the parameters. */
  perLayerRows?: tf.Tensor | undefined;
}

/**
 * Runs the decoder over a batch of sequences.
 *
 * @param ids token ids, int32 [b, s], each below the vocabulary's size: to be checked before they become a tensor, which nobody looks into
 * @returns hidden states after the final norm, [b, s, d]
 * @throws UserError when the sequences get longer than the context
 */
export function forward(
  config: DecoderConfig,
  parameters: ParameterTensors,
  ids: tf.Tensor,
  options: ForwardOptions = {},
): tf.Tensor {
  return tf.tidy(() => run(config, parameters, ids, options).hidden);
}

/** The forward pass, and what the routers of layers with experts did. The caller tidies. */
function run(
  config: DecoderConfig,
  parameters: ParameterTensors,
  ids: tf.Tensor,
  { cache, recompute: recomputes = false, documentOffsets, granularity = 0, perLayerRows, patches }: ForwardOptions,
): { hidden: tf.Tensor; routing: Routing[] } {
  const s = ids.shape[1]!;
  const offset = cache?.length ?? 0;
  checkLength(config, offset + s);
  const tables = positionTables(offset, s);
  const routing: Routing[] = [];
  const keys = new Map<number, KeysAndValues>(); // of layers that others share

  const embedded = embedding(parameters['model.embed_tokens.weight']!, ids);
  const text = config.embeddingScale === 1 ? embedded : scale(embedded, config.embeddingScale);
  const x = patches === undefined ? text : withPatches(config, parameters, text, patches); // [b, s, d]
  const perLayer = config.perLayerEmbedding === null ? [] : perLayerInputs(config, parameters, x, ids, perLayerRows); // [b, s, p] each
  let stream = config.altUp === null ? [x] : expandStream(x, list(parameters, 'model.altup_projections.'));
  for (const [layer, { attention }] of config.layers.entries()) {
    const shared = attention.keysOfLayer === null ? undefined : keys.get(attention.keysOfLayer)!;
    const inputs: ParameterTensors = {
      ...Object.fromEntries(stream.map((copy, i) => [`stream${i}`, copy])),
      ...(perLayer[layer] === undefined ? {} : { perLayerInput: perLayer[layer] }),
      ...(shared === undefined ? {} : { sharedK: shared.k, sharedV: shared.v }),
      ...within(parameters, `model.layers.${layer}.`),
    };
    const constants: ParameterTensors = {
      ...tables(attention),
      ...(documentOffsets === undefined ? {} : { documentOffsets }),
    };
    const compute = (tensors: ParameterTensors) => block(config, tensors, layer, cache, granularity, offset);
    const outputs = tf.tidy(() =>
      recomputes ? recompute(compute, inputs, constants) : compute({ ...inputs, ...constants }),
    );
    tf.dispose(stream); // what the gradient needs of it is kept
    stream = stream.map((_, i) => outputs[`stream${i}`]!);
    if (outputs['k'] !== undefined) keys.set(layer, { k: outputs['k'], v: outputs['v']! });
    const { load, probability, squaredLogSum } = outputs;
    if (load !== undefined) routing.push({ load, probability: probability!, squaredLogSum: squaredLogSum! });
  }
  const last =
    config.altUp === null ? stream[0]! : mergeStream(stream, list(parameters, 'model.altup_unembed_projections.'));
  const hidden = normalize(last, parameters['model.norm.weight']!, config.norm);
  if (cache !== undefined) cache.length += s;
  return { hidden, routing };
}

function checkLength({ contextLength }: DecoderConfig, length: number): void {
  if (length <= contextLength) return;
  throw new UserError({
    what: 'a sequence is longer than the model’s context',
    expected: `at most ${contextLength} tokens`,
    found: `${length}`,
    fix: 'shorten the text, or train a model with a larger context length',
  });
}

/** Rotary tables and temperatures of a layer's positions, each made once. */
function positionTables(offset: number, s: number): (layer: AttentionConfig) => ParameterTensors {
  const made = new Map<string, ParameterTensors>();
  return ({ rope, headDim, temperatureTuning }) => {
    const key = JSON.stringify([rope, headDim, temperatureTuning]);
    const tables: ParameterTensors = made.get(key) ?? {};
    if (!made.has(key)) {
      if (rope !== null) Object.assign(tables, ropeTables({ length: s, offset, ...scaledFrequencies(rope, headDim) }));
      if (temperatureTuning !== null) {
        const { floorScale, scale: growth } = temperatureTuning;
        const factors = Float32Array.from(
          { length: s },
          (_, i) => 1 + growth * Math.log1p(Math.floor((offset + i + 1) / floorScale)),
        );
        tables['temperature'] = tf.tensor1d(factors);
      }
      made.set(key, tables);
    }
    return tables;
  };
}

/** Parameters whose names are a prefix, a number and `.weight`, in order. */
function list(parameters: ParameterTensors, prefix: string): tf.Tensor[] {
  const own = within(parameters, prefix);
  return Object.keys(own).map((_, i) => own[`${i}.weight`]!);
}

/**
 * One transformer block.
 *
 * @param tensors `stream0` … [b, s, d]; the layer's parameters by their names within the layer; and where the layer has them, `cos`, `sin`,
 *   `temperature`, `documentOffsets`, `perLayerInput`, `sharedK`, `sharedV`
 * @returns `stream0` …; `k`, `v` of a layer whose keys others share; what a router did
 */
function block(
  config: DecoderConfig,
  tensors: ParameterTensors,
  layer: number,
  cache: KvCache | undefined,
  granularity: number,
  offset: number,
): ParameterTensors {
  const { norm, altUp, postNorms, parallelBlock, laurelRank } = config;
  const { attention, ffn } = config.layers[layer]!;
  const normed = (x: tf.Tensor, name: string) => normalize(x, tensors[`${name}.weight`]!, norm);
  const before = Array.from({ length: altUp?.inputs ?? 1 }, (_, i) => tensors[`stream${i}`]!);
  const predictions = altUp === null ? before : predict(altUp, norm, before, within(tensors, 'altup.'));
  const x = predictions[altUp?.active ?? 0]!; // [b, s, d]

  const { cos, sin, temperature, documentOffsets, sharedK, sharedV } = tensors;
  const { normed: attentionInput, residual } = normalizeResidual(x, tensors['input_layernorm.weight']!, norm);
  const isShared = config.layers.some(({ attention: { keysOfLayer } }) => keysOfLayer === layer);
  const attended = selfAttention(attention, norm, attentionInput, within(tensors, 'self_attn.'), {
    offset,
    residual: postNorms ? undefined : residual,
    isShared,
    rotary: cos === undefined ? undefined : { cos, sin: sin! },
    temperature,
    documentOffsets,
    shared: sharedK === undefined ? undefined : { k: sharedK, v: sharedV! },
    cache: cache === undefined ? undefined : { of: cache, layer },
  });
  let afterAttention = postNorms
    ? tf.add(residual, normed(attended.output, 'post_attention_layernorm'))
    : attended.output; // [b, s, d]
  if (laurelRank > 0) {
    const laurel = within(tensors, 'laurel.');
    const low = linear(attentionInput, laurel['linear_left.weight']!); // [b, s, r]
    const projected = linear(low, laurel['linear_right.weight']!);
    const learned = normalize(projected, laurel['post_laurel_norm.weight']!, norm);
    afterAttention = scaledSum([afterAttention, attentionInput, learned], Math.SQRT1_2);
  }

  const beforeFfn = postNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
  const { normed: ffnInput, residual: ffnResidual } = parallelBlock
    ? { normed: attentionInput, residual: afterAttention }
    : normalizeResidual(afterAttention, tensors[`${beforeFfn}.weight`]!, norm);
  const weights = within(tensors, 'mlp.');
  const addend = postNorms ? undefined : ffnResidual;
  const { output, routing } =
    ffn.kind === 'moe'
      ? mixtureOfExperts(ffn, ffnInput, weights, addend)
      : {
          output: feedForward(ffn, ffnInput, weights, { width: ffn.intermediateSize >> granularity, residual: addend }),
          routing: undefined,
        };
  const y = postNorms ? tf.add(ffnResidual, normed(output, 'post_feedforward_layernorm')) : output; // [b, s, d]

  const after = altUp === null ? [y] : correct(altUp, norm, predictions, y, within(tensors, 'altup.'));
  const input = tensors['perLayerInput'];
  const stream = input === undefined ? after : withPerLayerEmbedding(config, tensors, layer, after, input);
  return {
    ...Object.fromEntries(stream.map((copy, i) => [`stream${i}`, copy])),
    ...(isShared ? { k: attended.k, v: attended.v } : {}),
    ...routing,
  };
}

/** Adds the layer's embedding to the stream; with AltUp, to all copies but the one that is computed. */
function withPerLayerEmbedding(
  { norm, altUp, layers }: DecoderConfig,
  tensors: ParameterTensors,
  layer: number,
  stream: tf.Tensor[],
  input: tf.Tensor,
): tf.Tensor[] {
  const { activation } = layers[layer]!.ffn;
  const active = stream[altUp?.active ?? 0]!;
  const gateWeight = tensors['per_layer_input_gate.weight']!; // [p, d]
  // The gate reads the copy scaled feature by feature; scaling its matrix instead is the same, and p features are fewer than b s tokens.
  const scaled = altUp?.correctScale ? scaleColumns(gateWeight, tensors['altup.correct_output_scale']!) : gateWeight;
  const weights = { ...tensors, 'per_layer_input_gate.weight': scaled };
  const addition = perLayerOutput(norm, active, input, weights, (gate, up) => gated(activation, gate, up));
  if (altUp === null) return [tf.add(active, addition)];
  const [first, ...others] = stream;
  return others.length === 0 ? [first!] : [first!, ...addToEach(others, addition)];
}

/**
 * Scores of every next token.
 *
 * @param hidden what {@link forward} returned, [b, s, d]
 * @returns [b, s, V]
 */
export function logits(config: DecoderConfig, parameters: ParameterTensors, hidden: tf.Tensor): tf.Tensor {
  return tf.tidy(() => logitsOf(hidden, outputWeight(config, parameters), logitOptions(config)));
}

/** What the model minimises in training. */
export interface LossTerms {
  /** What the gradient is taken of: the sum of the others. Scalar. */
  total: tf.Tensor;
  /** Mean negative log likelihood of the targets, in nats. Scalar. */
  crossEntropy: tf.Tensor;
  /** The share of tokens that each expert computes, [E] for each layer with experts. */
  loads: tf.Tensor[];
}

export interface LossOptions extends Pick<ForwardOptions, 'recompute' | 'documentOffsets' | 'granularity' | 'patches'> {
  /** The experts' loads in the whole batch, of which these rows may be a part; by default those of these rows. */
  loads?: readonly tf.Tensor[] | undefined;
  /** Factor of the routers' losses. */
  routerLossWeight?: number | undefined;
}

/**
 * The loss of a batch, with what keeps routers balanced.
 *
 * @param inputs token ids, int32 [b, s]
 * @param targets the token after each, int32 [b, s]; −1 where none counts
 */
export function lossTerms(
  config: DecoderConfig,
  parameters: ParameterTensors,
  inputs: tf.Tensor,
  targets: tf.Tensor,
  { loads, routerLossWeight = 1, ...options }: LossOptions = {},
): LossTerms {
  return tf.tidy(() => {
    const { hidden, routing } = run(config, parameters, inputs, options);
    const rows = reshape(hidden, [-1, config.hiddenSize]); // [b s, d]
    const weight = outputWeight(config, parameters);
    const crossEntropy = linearCrossEntropy(rows, weight, reshape(targets, [-1]), logitOptions(config));
    const balance = routerLosses(config.routerLoss, routing, loads);
    const total = balance === undefined ? crossEntropy : tf.add(crossEntropy, tf.mul(balance, routerLossWeight));
    return { total, crossEntropy, loads: routing.map(({ load }) => load) };
  });
}

/**
 * The share of tokens that each expert computes, without anything else.
 *
 * @param inputs token ids, int32 [b, s]
 * @returns [E] for each layer with experts
 */
export function expertLoads(
  config: DecoderConfig,
  parameters: ParameterTensors,
  inputs: tf.Tensor,
  options: Pick<ForwardOptions, 'documentOffsets' | 'patches'> = {},
): tf.Tensor[] {
  return tf.tidy(() => run(config, parameters, inputs, options).routing.map(({ load }) => load));
}

/** The mean negative log likelihood of the targets in nats, scalar; see {@link lossTerms}. */
export function loss(
  config: DecoderConfig,
  parameters: ParameterTensors,
  inputs: tf.Tensor,
  targets: tf.Tensor,
  options: LossOptions = {},
): tf.Tensor {
  return tf.tidy(() => lossTerms(config, parameters, inputs, targets, options).crossEntropy);
}

/**
 * The negative log likelihood of each target, in nats.
 *
 * @param hidden what {@link forward} returned, [b, s, d]
 * @param targets int32 [b · s]; −1 where none counts, whose loss is 0
 * @returns [b · s]
 */
export function targetLosses(
  config: DecoderConfig,
  parameters: ParameterTensors,
  hidden: tf.Tensor,
  targets: tf.Tensor,
): tf.Tensor {
  const rows = reshape(hidden, [-1, config.hiddenSize]);
  return tokenLosses(rows, outputWeight(config, parameters), targets, logitOptions(config));
}

function logitOptions(config: DecoderConfig): { scale: number; softCap: number } {
  return { scale: config.logitScale / mupWidth(config), softCap: config.logitSoftCap };
}

/** The matrix [V, d] of the output layer: with tied embeddings, the embedding matrix. */
function outputWeight(config: DecoderConfig, parameters: ParameterTensors): tf.Tensor {
  return parameters[config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight']!;
}
