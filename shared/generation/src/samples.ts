/** @file What stages write samples with: one text after the other, and nothing of what loads models, whose code would count as theirs. */
export { generate } from './generate.ts';
export { describeCuts, type SeenPrompt, seenPrompt } from './prompt.ts';
export { samplingParameters, type SamplingParameters } from './sampling/parameters.ts';
