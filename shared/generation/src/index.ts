/** @file Sampling and text generation. */
export { generate } from './generate.ts';
export { samplingParameters, type SamplingParameters } from './parameters.ts';
export { sampleToken, samplingGenerator, type Filters } from './sample.ts';
