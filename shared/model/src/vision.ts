/**
 * @file Early fusion (Llama 4): a picture's patches become vectors in the token sequence, and one decoder reads both. In miniature there is no
 * encoder before it: a patch is projected by one matrix, and its place in the picture is a learned vector.
 */
import { UserError } from '@arrowsmith/errors';
import { addBias, linear, reshape } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { VisionModule } from './modules.ts';

/**
 * Puts pictures in the place of the first tokens of their sequences.
 *
 * @param x token embeddings [b, s, d]
 * @param patches [b, p, channels · patchSize²]
 * @returns [b, s, d]: p patches, then the embeddings of the tokens from p on
 * @throws UserError when the model does not see, or does not see such pictures, or the sequences are shorter than a picture
 */
export function withPatches(module: VisionModule | undefined, x: tf.Tensor, patches: tf.Tensor): tf.Tensor {
  const [b, s, d] = x.shape as [number, number, number];
  const vision = module?.config;
  const expected = vision && [b, vision.patches, vision.channels * vision.patchSize ** 2];
  if (module === undefined || patches.shape.join() !== expected?.join() || module.config.patches > s) {
    throw new UserError({
      what: 'a model cannot see the pictures that it is given',
      expected: expected === undefined ? 'text: the model has no vision' : `patches [${expected.join(', ')}]`,
      found: `patches [${patches.shape.join(', ')}] in sequences of ${s} tokens`,
      fix: 'use pictures like those that the model was trained on',
    });
  }
  const projected = linear(patches, module.projection); // [b, p, d]
  const places = reshape(module.positions, [-1]); // [p · d]
  const embedded = reshape(addBias(reshape(projected, [b, -1]), places), projected.shape);
  const count = module.config.patches;
  return tf.concat([embedded, tf.slice(x, [0, count, 0], [b, s - count, d])], 1);
}
