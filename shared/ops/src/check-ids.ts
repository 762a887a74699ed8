/** @file Checks token ids before they become addresses. */
import { UserError } from '@arrowsmith/errors';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Refuses ids outside of a vocabulary: backends do not check bounds when they gather or scatter.
 *
 * @param ids int32, of any shape
 * @param range the lowest id, 0 or −1 (no token), and the number of tokens
 * @throws UserError naming the first such id
 */
export function checkIds(ids: tf.Tensor, { lowest, vocabularySize }: { lowest: 0 | -1; vocabularySize: number }): void {
  const values = ids.dataSync();
  const i = values.findIndex((id) => id < lowest || id >= vocabularySize);
  if (i === -1) return;
  throw new UserError({
    what: 'a token id is outside the vocabulary',
    expected: `${lowest} to ${vocabularySize - 1}`,
    found: `${values[i]}`,
    where: `position ${i} of ids of shape [${ids.shape.join(', ')}]`,
    fix: 'use tokens made by the tokenizer that the model was trained with',
  });
}
