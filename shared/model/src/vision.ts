/**
 * @file Early fusion (Llama 4): a picture's patches become vectors in the token sequence, and one decoder reads both. In miniature there is no
 * encoder before it: a patch is projected by one matrix, and its place in the picture is a learned vector.
 */
import { UserError } from '@arrowsmith/errors';
import { addBias, linear, reshape } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.ts';
import type { ParameterTensors } from './tensors.ts';

/** Names of the parameters: the matrix [d, channels · patchSize²], and the vectors of places [patches, d]. */
export const PATCH_EMBEDDING = 'vision_model.patch_embedding.linear.weight';
export const PATCH_POSITIONS = 'vision_model.positional_embedding_vlm';

/**
 * Puts pictures in the place of the first tokens of their sequences.
 *
 * @param x token embeddings [b, s, d]
 * @param patches [b, p, channels · patchSize²]
 * @returns [b, s, d]: p patches, then the embeddings of the tokens from p on
 * @throws UserError when the model does not see, or does not see such pictures, or the sequences are shorter than a picture
 */
export function withPatches(
  { vision, hiddenSize }: DecoderConfig,
  parameters: ParameterTensors,
  x: tf.Tensor,
  patches: tf.Tensor,
): tf.Tensor {
  const [b, s] = x.shape as [number, number, number];
  const expected = vision === null ? undefined : [b, vision.patches, vision.channels * vision.patchSize ** 2];
  if (vision === null || patches.shape.join() !== expected!.join() || vision.patches > s) {
    throw new UserError({
      what: 'a model cannot see the pictures that it is given',
      expected: expected === undefined ? 'text: the model has no vision' : `patches [${expected.join(', ')}]`,
      found: `patches [${patches.shape.join(', ')}] in sequences of ${s} tokens`,
      fix: 'use pictures like those that the model was trained on',
    });
  }
  const projected = linear(patches, parameters[PATCH_EMBEDDING]!); // [b, p, d]
  const places = reshape(parameters[PATCH_POSITIONS]!, [-1]); // [p · d]
  const embedded = reshape(addBias(reshape(projected, [b, -1]), places), projected.shape);
  const text = tf.slice(x, [0, vision.patches, 0], [b, s - vision.patches, hiddenSize]);
  return tf.concat([embedded, text], 1);
}
