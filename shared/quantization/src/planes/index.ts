/** @file Numbers as bit planes: how they are regrouped, compressed and read, all of them or the top ones. */
export {
  fileInMemory,
  type KeysOrValues,
  type PlanesCodec,
  planesCodec,
  type PlanesOf,
  type PlanesSource,
} from './codec.ts';
export { entropyBits } from './exponent-deltas.ts';
export { type NumberLayout, numberLayouts } from './number-layout.ts';
export type { Rotary } from './rotation.ts';
export { loadZstandard, type Zstandard } from './zstandard.ts';
