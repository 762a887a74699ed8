/** @file The losses that keep a router's experts in use. */
import * as tf from '@tensorflow/tfjs-core';
import type { RouterLossConfig } from './config.ts';
import type { Routing } from './mixture-of-experts.ts';

/**
 * The mean over layers of `loadBalancing · E Σ_i load_i · probability_i + zLoss · mean((ln Σ exp logits)²)`. The first (Fedus et al. 2021,
 * https://arxiv.org/abs/2101.03961) is least, the number of experts per token, when all experts are chosen equally often; it takes its loads
 * from the whole batch (Qiu et al. 2025, https://arxiv.org/abs/2501.11873), as a sequence about one subject may well need few experts. The
 * second (Zoph et al. 2022, https://arxiv.org/abs/2202.08906) keeps logits small.
 *
 * @param routing of each layer with experts
 * @param loads of each, in the whole batch; by default those of `routing`
 * @returns scalar; undefined where there are no experts, or no such losses
 */
export function routerLosses(
  { loadBalancing, zLoss }: RouterLossConfig,
  routing: readonly Routing[],
  loads: readonly tf.Tensor[] = routing.map(({ load }) => load),
): tf.Tensor | undefined {
  if (routing.length === 0 || (loadBalancing === 0 && zLoss === 0)) return undefined;
  const losses = routing.map(({ probability, squaredLogSum }, layer) => {
    const load = loads[layer]!;
    const imbalance = tf.mul(tf.sum(tf.mul(load, probability)), load.size);
    return tf.add(tf.mul(imbalance, loadBalancing), tf.mul(squaredLogSum, zLoss));
  });
  return tf.div(tf.addN(losses), losses.length);
}
