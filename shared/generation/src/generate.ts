/** @file Continues a sequence of tokens, one token at a time. */
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import {
  createKvCache,
  forward,
  logits,
  perLayerRowsOf,
  type DecoderConfig,
  type KvCache,
  type Parameters,
  type PerLayerRows,
} from '@arrowsmith/model';
import type { SamplingParameters } from './sampling/parameters.ts';
import { samplingGenerator } from './sampling/random-stream.ts';
import { checkPrompt } from './prompt.ts';
import { sampleToken } from './sampling/sample.ts';

/**
 * Continues a prompt until the stop token, `maximumTokens`, or the end of the context. A full context ends the text: a
 * window that slides would have the model predict from keys and values of tokens it can no longer see.
 *
 * @param prompt token ids; at least one, at most the model's context length
 * @param stopToken ends the text, and is not part of it
 * @param perLayerRows reads the table of per-layer embeddings where it is not among the parameters
 * @param patches a picture in the place of the prompt's first tokens, [1, p, channels · patchSize²]; stays the caller's
 * @param onToken is called with each token that follows the prompt, as soon as it is chosen
 * @param signal checked before each token; throws its reason
 * @returns the ids that follow the prompt
 * @throws UserError when the prompt is empty, longer than the context, or has an id outside the vocabulary
 */
export async function generate({
  config,
  parameters,
  prompt,
  sampling,
  stopToken,
  perLayerRows,
  patches,
  onToken,
  signal,
}: {
  config: DecoderConfig;
  parameters: Parameters;
  prompt: readonly number[];
  sampling: SamplingParameters;
  stopToken?: number | undefined;
  perLayerRows?: PerLayerRows | undefined;
  patches?: tf.Tensor | undefined;
  onToken?: ((id: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}): Promise<number[]> {
  checkPrompt(prompt, config);
  const rng = samplingGenerator(sampling.seed);
  const generated: number[] = [];
  const cache = createKvCache(config);
  try {
    let next = prompt;
    while (generated.length < sampling.maximumTokens && lengthOf(cache) < config.contextLength) {
      await setImmediate();
      signal?.throwIfAborted();
      const seen = lengthOf(cache) === 0 ? patches : undefined;
      const scores = await lastLogits(config, parameters, next, { cache, perLayerRows, patches: seen });
      const id = sampleToken(scores, sampling, rng);
      if (id === stopToken) break;
      generated.push(id);
      onToken?.(id);
      next = [id];
    }
  } finally {
    cache.dispose();
  }
  return generated;
}

const lengthOf = ({ lengths: [length = 0] }: KvCache): number => length;

/** The logits [V] of the token after `ids`, which are appended to the cache. */
async function lastLogits(
  config: DecoderConfig,
  parameters: Parameters,
  ids: readonly number[],
  {
    cache,
    perLayerRows,
    patches,
  }: { cache: KvCache; perLayerRows: PerLayerRows | undefined; patches: tf.Tensor | undefined },
): Promise<Float32Array> {
  const scores = tf.tidy(() => {
    const shape: [number, number] = [1, ids.length];
    const tokens = tf.tensor2d(Int32Array.from(ids), shape, 'int32');
    const rows = perLayerRowsOf(config, Int32Array.from(ids), shape, perLayerRows);
    const hidden = forward(config, parameters, tokens, {
      cache: cache.next([ids.length]),
      perLayerRows: rows,
      patches,
    }); // [1, s, d]
    const last = tf.slice(hidden, [0, ids.length - 1, 0], [1, 1, config.hiddenSize]); // [1, 1, d]
    return logits(config, parameters, last); // [1, 1, V]
  });
  const values = await scores.data<'float32'>();
  scores.dispose();
  return values;
}
