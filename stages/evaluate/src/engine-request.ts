/** @file What is asked of the engine for an evaluation: with the work of its passes, by which `auto` may choose a graphics processor. */
import type { EngineRequest } from '@arrowsmith/engine/resolve';
import { knownConfig } from '@arrowsmith/model/known-config';
import { evaluationWork } from '@arrowsmith/model/pass-work';
import type { About } from '@arrowsmith/pipeline/stage';
import type { EvaluateParameters } from './declaration.ts';

type Asked = Pick<EvaluateParameters, 'activations' | 'backend' | 'batchSize' | 'prompts' | 'sampling'>;

/**
 * The work is that of a batch of the first model's, with its share of the texts that are written, which are taken to be as long as they may be. Captions, and
 * longer contexts, count for nothing.
 *
 * @param about what is known of the rows, and of the models; as long as there are no rows, how many they are is not known, and no text counts
 */
export function engineRequest(
  { activations, backend, batchSize, prompts, sampling }: Asked,
  about: About,
): EngineRequest {
  const rows = about('rows');
  const contextLength = rows?.['contextLength'];
  if (activations === 'int8' || typeof contextLength !== 'number') return { backend };
  const vocabularySize = rows?.['vocabularySize'] ?? about('tokenizer')?.['vocabularySize'];
  const data = { contextLength, vocabularySize: typeof vocabularySize === 'number' ? vocabularySize : undefined };
  const config = knownConfig(about('models'), data);
  if (config === undefined) return { backend, work: 'unknown' };
  const count = rows?.['validationRows'];
  if (typeof count !== 'number')
    return { backend, work: evaluationWork(config, { batchSize, batches: 1, written: 0 }) };
  const lengths = sampling.map(({ maximumTokens }) => Math.min(maximumTokens, contextLength));
  const written = prompts.length * lengths.reduce((sum, length) => sum + length, 0);
  const size = Math.max(1, Math.min(batchSize, count));
  return { backend, work: evaluationWork(config, { batchSize: size, batches: Math.max(1, count / size), written }) };
}
