/** @file The output layer of a model that shares its embedding matrix with it. */
import { UserError } from '@arrowsmith/errors';
import type { TensorSource } from '../read-safetensors.ts';

/**
 * Checks that an output layer, where the checkpoint of a model with tied embeddings stores one, is a copy of the embedding matrix. Where it is
 * not, version 4 of transformers computes with the embedding matrix, version 5 with the output layer.
 *
 * @param toTheirs a parameter's name in the checkpoint
 * @throws UserError where they differ
 */
export async function checkOutputLayer(
  source: TensorSource,
  toTheirs: (name: string) => string,
  folder: string,
): Promise<void> {
  const [embedding, output] = [toTheirs('model.embed_tokens.weight'), toTheirs('lm_head.weight')];
  if (!source.tensors.has(output)) return;
  const found = await differenceOf(source, embedding, output);
  if (found === undefined) return;
  throw new UserError({
    what: `the checkpoint has an output layer of its own, though its embeddings are tied: ${output}`,
    where: folder,
    expected: `${output} equal to ${embedding}, or no ${output}, as tie_word_embeddings is true`,
    found,
    fix: 'set tie_word_embeddings to false in config.json to use the output layer, as transformers 5 does; or remove it to use the embedding matrix, as transformers 4 does',
  });
}

/** In what two tensors differ; undefined where they are equal. */
async function differenceOf(source: TensorSource, one: string, other: string): Promise<string | undefined> {
  const [shape, otherShape] = [one, other].map((name) => source.tensors.get(name)!.shape.join(', '));
  if (shape !== otherShape) return `${other} of shape [${otherShape}]`;
  const [stored, otherStored] = await Promise.all([source.read(one), source.read(other)]);
  if (stored.dtype === otherStored.dtype && Buffer.compare(stored.bytes, otherStored.bytes) === 0) return undefined;
  const [values, others] = await Promise.all([source.readFloat32(one), source.readFloat32(other)]);
  const different = values.reduce((count, x, i) => count + (x === others[i] ? 0 : 1), 0);
  return different === 0 ? undefined : `${different} of ${values.length} values differ`;
}
