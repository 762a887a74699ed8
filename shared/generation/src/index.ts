/** @file Sampling and text generation. */
export { generate } from './generate.ts';
export { describeCuts, type SeenPrompt, seenPrompt } from './prompt.ts';
export { samplingParameters, type SamplingParameters } from './parameters.ts';
export { sampleToken, samplingGenerator, type Filters } from './sample.ts';
