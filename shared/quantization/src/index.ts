/** @file Number formats and post-training quantization. */
export * from './calibration.ts';
export { checkFinite, OTHER_WEIGHTS } from './finite-weights.ts';
export * from './formats/index.ts';
export * from './int8.ts';
export * from './quantization-error.ts';
export * from './quantize-model.ts';
export { ALPHA } from './smoothquant.ts';
export * from './store-as.ts';
export * from './stored-planes.ts';
export * from './weight-formats.ts';
