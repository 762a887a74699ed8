/** @file What training is asked, in full. */
import { learningRateFor } from '@arrowsmith/model/model-parameters';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedTraining } from './declaration.ts';

/** Parameters that say the learning rate, so that runs are compared by it. That of a model to continue is known when it has been read. */
export async function resolveTraining(
  asked: AskedTraining,
  { reads }: Pick<ResolveOptions<AskedTraining>, 'reads'>,
): Promise<Resolution<AskedTraining>> {
  if (reads('model')) return { parameters: asked };
  const { learningRate = learningRateFor(asked.model) } = asked.optimizer;
  return { parameters: { ...asked, optimizer: { ...asked.optimizer, learningRate } } };
}
