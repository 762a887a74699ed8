/** @file Mixture of experts: a router sends each token to a few of many gated feed-forward networks (https://arxiv.org/abs/1701.06538). */
import {
  columnMeans,
  combine,
  dispatch,
  groupedLinears,
  linear,
  logSumExp,
  reshape,
  normalizeSum,
  sigmoid,
  softmax,
  sortByExpert,
  topK,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { feedForward, gated } from './feed-forward.ts';
import type { ExpertsModule } from './modules.ts';

/** What a router did, for its losses and for the log. */
export type Routing = {
  /** The share of tokens that each expert computes, [E]; they sum to the number chosen per token. Not differentiable. */
  load: tf.Tensor;
  /** The mean probability of each expert, [E]. */
  probability: tf.Tensor;
  /** The mean squared log of the sum of the logits' exponentials, scalar. */
  squaredLogSum: tf.Tensor;
};

/**
 * Every token through the experts that are chosen for it, and through the shared one; with a residual, the sum with that.
 *
 * @param x normed hidden states [b, s, d]
 * @param residual [b, s, d], or none
 * @returns the output [b, s, d], and what the router did
 */
export function mixtureOfExperts(
  { config, router, gate, up, down, shared }: ExpertsModule,
  x: tf.Tensor,
  residual: tf.Tensor | undefined,
): { output: tf.Tensor; routing: Routing } {
  const rows = reshape(x, [-1, x.shape.at(-1) ?? 0]); // [n, d]
  const logits = linear(rows, router); // [n, E]
  const probabilities = softmax(logits); // [n, E]
  const scalesInputs = config.router === 'sigmoid';
  const { values, indices } = topK(scalesInputs ? sigmoid(logits) : probabilities, config.topK); // [n, k] each
  const routingWeights = config.normalizeTopK ? normalizeSum(values) : values; // [n, k]

  const routes = sortByExpert(indices, config.experts);
  const sent = dispatch(rows, routes, scalesInputs ? routingWeights : undefined); // [n k, d], sorted by expert
  const [gates, ups] = groupedLinears(sent, [gate, up], routes.offsets); // [n k, f]
  const [computed] = groupedLinears(gated(config.activation, gates, ups), [down], routes.offsets); // [n k, d]
  const routed = reshape(combine(computed, routes, scalesInputs ? undefined : routingWeights), x.shape); // [b, s, d]

  const routing = {
    load: routes.load,
    probability: columnMeans(probabilities),
    squaredLogSum: tf.mean(tf.square(logSumExp(logits))),
  };
  const sum = residual === undefined ? routed : tf.add(residual, routed);
  return { output: shared === undefined ? sum : feedForward(shared, x, { residual: sum }), routing };
}
