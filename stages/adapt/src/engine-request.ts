/** @file What is asked of the engine for a training of adapters: with the work of a step, by which `auto` may choose a graphics processor. */
import type { EngineRequest } from '@arrowsmith/engine/resolve';
import { knownConfig } from '@arrowsmith/model/known-config';
import { adaptingWork, type AskedAdapters } from '@arrowsmith/model/pass-work';
import type { About } from '@arrowsmith/pipeline/stage';

/** @param about what is known of the rows, and of the model: of one that is not there yet, maybe nothing */
export function engineRequest(asked: AskedAdapters & EngineRequest, about: About): EngineRequest {
  const { backend, precision } = asked;
  const rows = about('rows');
  const contextLength = rows?.['contextLength'];
  if (typeof contextLength !== 'number') return { backend, precision };
  const vocabularySize = rows?.['vocabularySize'] ?? about('tokenizer')?.['vocabularySize'];
  const data = { contextLength, vocabularySize: typeof vocabularySize === 'number' ? vocabularySize : undefined };
  const config = knownConfig(about('model'), data);
  return { backend, precision, work: config === undefined ? 'unknown' : adaptingWork(config, asked) };
}
