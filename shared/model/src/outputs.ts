/** @file What is read from the decoder's hidden states: logits, and losses. */
import { linearCrossEntropy, logits as logitsOf, reshape, tokenLosses, type Weight } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { mupWidth, type DecoderConfig } from './config.ts';
import { runDecoder, type ForwardOptions } from './decoder.ts';
import { bindModules, type Parameters } from './modules.ts';
import { routerLosses } from './router-losses.ts';

/**
 * Scores of every next token.
 *
 * @param hidden what {@link forward} returned, [b, s, d]
 * @returns [b, s, V]
 */
export function logits(config: DecoderConfig, parameters: Parameters, hidden: tf.Tensor): tf.Tensor {
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
  parameters: Parameters,
  inputs: tf.Tensor,
  targets: tf.Tensor,
  { loads, routerLossWeight = 1, ...options }: LossOptions = {},
): LossTerms {
  return tf.tidy(() => {
    const { hidden, routing } = runDecoder(bindModules(config, parameters), inputs, options);
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
  parameters: Parameters,
  inputs: tf.Tensor,
  options: Pick<ForwardOptions, 'documentOffsets' | 'patches'> = {},
): tf.Tensor[] {
  return tf.tidy(() => runDecoder(bindModules(config, parameters), inputs, options).routing.map(({ load }) => load));
}

/** The mean negative log likelihood of the targets in nats, scalar; see {@link lossTerms}. */
export function loss(
  config: DecoderConfig,
  parameters: Parameters,
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
  parameters: Parameters,
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
function outputWeight(config: DecoderConfig, parameters: Parameters): Weight {
  const name = config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const weight = parameters[name];
  if (weight === undefined) throw new Error(`the parameter ${name} is missing`);
  return weight;
}
