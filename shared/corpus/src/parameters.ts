/** @file What a stage's declaration needs of sources and filters: loaded in milliseconds, without what fetches and reads. */

export { filterParameters } from './quality/filter-parameters.ts';
export type { FilterParameters } from './quality/filter-parameters.ts';
export { sourceParameters, sourceTypeOf } from './sources/index.ts';
