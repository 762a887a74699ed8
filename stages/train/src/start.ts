/** @file What training begins with: an architecture to initialise, or a model to continue. */
import { decoderConfig, type DecoderConfig, type Weights } from '@arrowsmith/model';
import type { InputArtifact } from '@arrowsmith/pipeline/stage';
import { readModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import type { TokenTable } from '@arrowsmith/training';
import { checkRows } from '@arrowsmith/training-session';
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
  checkRows(rows, own, base.step);
  return { config: { ...own, confineAttention: confineAttention ?? own.confineAttention }, weights };
}
