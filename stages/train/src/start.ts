/** @file What training begins with: an architecture to initialise, or a model to continue. */
import { UserError } from '@arrowsmith/errors';
import { decoderConfig, type DecoderConfig, type Weights } from '@arrowsmith/model';
import type { InputArtifact } from '@arrowsmith/pipeline/stage';
import { readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import type { TokenTable } from '@arrowsmith/training';
import type { AskedTraining } from './declaration.ts';

/**
 * The model's configuration, and its weights where it was trained before.
 *
 * @param base the model to continue
 * @throws UserError when a window is larger than the context, or the base has no embedding for some token of the rows
 */
export async function startOf(
  base: InputArtifact | undefined,
  { model, confineAttention }: Pick<AskedTraining, 'model' | 'confineAttention'>,
  rows: TokenTable,
): Promise<{ config: DecoderConfig; weights: Weights | undefined }> {
  if (base === undefined) {
    return {
      config: { ...decoderConfig(model, rows), confineAttention: confineAttention ?? false },
      weights: undefined,
    };
  }
  const { config: own, weights } = await readModel(await base.file(WEIGHTS_FILE), { whole: true });
  if (rows.vocabularySize > own.vocabularySize) {
    throw new UserError({
      what: `the model of ${base.step} does not have an embedding for every token`,
      expected: `rows of at most ${own.vocabularySize} tokens`,
      found: `${rows.vocabularySize} tokens`,
      fix: `make the rows with the tokenizer of the model: \`inputs: { tokenizer: ${base.step} }\` in the step that makes them`,
    });
  }
  return { config: { ...own, confineAttention: confineAttention ?? own.confineAttention }, weights };
}
