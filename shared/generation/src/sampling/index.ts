/** @file From a row of logits to a token, and from tokens to text. */
export { chooseToken, type ChoiceOptions, type ChosenToken } from './choose.ts';
export { generationParameters, type GenerationParameters, REPETITION_PENALTY } from './generation-parameters.ts';
export { logSoftmax, tokenLogProbabilities, type TokenLogProbability } from './log-probabilities.ts';
export { samplingParameters, type SamplingParameters } from './parameters.ts';
export { type LogitsProcessor, processLogits, processorsOf, type TokenSequence } from './processors.ts';
export { excludeEarlyEnd } from './penalties.ts';
export { samplingGenerator } from './random-stream.ts';
export { drawToken, type Filters, sampleToken, tokenDistribution, type TokenDistribution } from './sample.ts';
export { stopStrings, type StopStrings } from './stop-strings.ts';
export { textStream, type TextStream, type TokenDecoder } from './text-stream.ts';
export { afterThinking, limitThinking, type ThinkingTags } from './thinking.ts';
export { lookUpDraft } from './prompt-lookup.ts';
export { acceptChosen, acceptDraft, type Acceptance, type DraftToken } from './speculative.ts';
export { beamSearch, type BeamSearchOptions, type FinishedBeam, type OpenBeam } from './beam-search.ts';
export { type Automaton } from './constraint/automaton.ts';
export { constrainOutput, jsonSchemaAutomaton, regularExpressionAutomaton } from './constraint/constraint.ts';
export { checkNesting } from './constraint/state-limit.ts';
export { tokenTrie, type TokenTrie } from './constraint/token-trie.ts';
