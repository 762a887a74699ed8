/** @file The gradients of a batch's loss, one micro-batch at a time. */
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { loss, type DecoderConfig, type ParameterTensors } from '@arrowsmith/model';
import { countTargets, type Batch } from './data.ts';

/** A batch's loss and gradients. */
export interface BatchGradients {
  /** Mean negative log likelihood over the batch's targets, in nats; NaN for a batch of padding. */
  loss: number;
  /** How many targets the batch has. */
  tokens: number;
  /** By parameter name; the caller disposes of them. */
  gradients: ParameterTensors;
}

/**
 * Gradients of the mean loss over all targets of a batch. Splitting it into micro-batches changes memory, not the result
 * (up to float rounding): each counts by its share of the batch's targets, since padding may be spread unevenly.
 *
 * @param rows rows of the batch, which `microBatches` divides
 * @param recomputeActivations trades computation for memory; see `ForwardOptions` of the model
 * @param signal checked before each micro-batch; throws its reason, leaving no tensors behind
 */
export async function batchGradients({
  config,
  parameters,
  batch,
  rows,
  microBatches,
  recomputeActivations,
  signal,
}: {
  config: DecoderConfig;
  parameters: ParameterTensors;
  batch: Batch;
  rows: number;
  microBatches: number;
  recomputeActivations?: boolean | undefined;
  signal?: AbortSignal | undefined;
}): Promise<BatchGradients> {
  const names = Object.keys(parameters);
  const tokens = countTargets(batch.targets);
  const shape: [number, number] = [rows / microBatches, batch.inputs.length / rows]; // [b, s]
  const size = shape[0] * shape[1];
  let sum: tf.Tensor[] = [];
  let batchLoss = 0;
  for (let start = 0; start < batch.inputs.length; start += size) {
    await setImmediate();
    if (signal?.aborted) tf.dispose(sum);
    signal?.throwIfAborted();
    const targets = batch.targets.subarray(start, start + size);
    const share = countTargets(targets) / tokens;
    const mean = tf.tidy(() => {
      const inputs = tf.tensor2d(batch.inputs.subarray(start, start + size), shape, 'int32');
      const lossOf = (...tensors: tf.Tensor[]): tf.Scalar => {
        const named = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
        const ids = tf.tensor2d(targets, shape, 'int32');
        return loss(config, named, inputs, ids, { recompute: recomputeActivations }) as tf.Scalar;
      };
      // The share is where the backward pass starts, so the gradients come out weighted.
      const { value, grads } = tf.valueAndGrads(lossOf)(Object.values(parameters), tf.scalar(share));
      sum = grads.map((gradient, i) => tf.keep(sum.length === 0 ? gradient : addInto(sum[i]!, gradient)));
      return value;
    });
    batchLoss += (await mean.data())[0]! * share;
    mean.dispose();
  }
  return { loss: batchLoss, tokens, gradients: Object.fromEntries(names.map((name, i) => [name, sum[i]!])) };
}

/** The sum of two tensors, which it disposes of: at no time do all of the old and the new sums exist. */
function addInto(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const sum = tf.add(a, b);
  tf.dispose([a, b]);
  return sum;
}
