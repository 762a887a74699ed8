/** @file What is asked of the engine for a training: with the work of a step, by which `auto` may choose a graphics processor. */
import type { EngineRequest } from '@arrowsmith/engine/resolve';
import { type AskedWork, type TrainingWork, trainingWork } from '@arrowsmith/model/training-work';
import type { About } from '@arrowsmith/pipeline/stage';

/** @param about what is known of the rows, and whether a model is continued: of what size that is, is known when it is read, and `auto` does not wait for it */
export function engineRequest(asked: AskedWork & EngineRequest, about: About): EngineRequest & { work?: TrainingWork } {
  const { backend, precision } = asked;
  const rows = about('rows');
  const contextLength = rows?.['contextLength'];
  if (typeof contextLength !== 'number' || about('model') !== undefined) return { backend, precision };
  const vocabularySize = rows?.['vocabularySize'] ?? about('tokenizer')?.['vocabularySize'];
  const data = { contextLength, vocabularySize: typeof vocabularySize === 'number' ? vocabularySize : undefined };
  return { backend, precision, work: trainingWork(asked, data) };
}
