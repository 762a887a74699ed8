/** @file What changes logits before a token is chosen, and in which order. */
import { UserError } from '@arrowsmith/errors';
import type { GenerationParameters } from './generation-parameters.ts';
import { excludeEarlyEnd, penalizeFrequency, penalizeRepetition, addBias } from './penalties.ts';

/** A sequence as it is when its next token is chosen. */
export interface TokenSequence {
  readonly prompt: readonly number[];
  /** The tokens that follow the prompt so far. */
  readonly output: readonly number[];
}

/**
 * Changes the logits [V] of a sequence's next token, in place; −Infinity excludes a token. The result depends on the arguments
 * alone, so that logits of several places can be processed at once, as speculative decoding does, and in any batch.
 */
export type LogitsProcessor = (logits: Float32Array, sequence: TokenSequence) => void;

/** The parameters that processors are made of. */
export type ProcessorParameters = Pick<
  GenerationParameters,
  'minimumTokens' | 'logitBias' | 'repetitionPenalty' | 'frequencyPenalty' | 'presencePenalty'
>;

/**
 * The processors that parameters ask for, in the order of vLLM: first what masks (`constraints`), then the least number of
 * tokens, the bias, the penalty of repetition, those of frequency and presence. Temperature, top-k, top-p and min-p follow in
 * `tokenDistribution`, in the order of Hugging Face. What has its neutral value is left out.
 *
 * @param endTokens which end the text
 * @param constraints what else excludes tokens: a thinking budget, a grammar
 */
export function processorsOf(
  parameters: ProcessorParameters,
  { endTokens, constraints = [] }: { endTokens: readonly number[]; constraints?: readonly LogitsProcessor[] },
): LogitsProcessor[] {
  const { minimumTokens, logitBias, repetitionPenalty, frequencyPenalty, presencePenalty } = parameters;
  const processors = [...constraints];
  if (minimumTokens > 0) processors.push(excludeEarlyEnd(minimumTokens, endTokens));
  if (Object.keys(logitBias).length > 0) processors.push(addBias(logitBias));
  if (repetitionPenalty !== 1) processors.push(penalizeRepetition(repetitionPenalty));
  if (frequencyPenalty !== 0 || presencePenalty !== 0) {
    processors.push(penalizeFrequency(frequencyPenalty, presencePenalty));
  }
  return processors;
}

/**
 * Logits after all processors; the given ones stay as they are, and are returned where there is no processor.
 *
 * @throws UserError where the processors exclude all tokens
 */
export function processLogits(
  logits: Float32Array,
  processors: readonly LogitsProcessor[],
  sequence: TokenSequence,
): Float32Array {
  if (processors.length === 0) return logits;
  const processed = logits.slice();
  for (const process of processors) process(processed, sequence);
  if (logits.some(isLeft) && !processed.some(isLeft)) throw nothingLeft(sequence);
  return processed;
}

const isLeft = (logit: number): boolean => logit > -Infinity;

function nothingLeft({ output }: TokenSequence): UserError {
  return new UserError({
    what: 'no token is left to go on with',
    where: `behind ${output.length} tokens of output`,
    expected: 'parameters that can hold together',
    fix: 'ask for fewer minimumTokens than the format of the output allows, or leave the format free',
  });
}
