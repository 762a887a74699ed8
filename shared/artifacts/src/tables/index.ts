/** @file Arrow tables: their kinds, writing and reading them. */
export type { RecordBatch } from 'apache-arrow';
export { readBatches, readMetadata, readSchema, within as withinFile } from './arrow-file.ts';
export * from './columns.ts';
export * from './decode-arrow.ts';
export * from './documents.ts';
export * from './kinds.ts';
export * from './pictures.ts';
export * from './plain-table.ts';
export * from './random-access.ts';
export * from './random-order.ts';
export * from './tensor-file.ts';
export * from './tensors.ts';
export * from './weights-file.ts';
export * from './write-arrow.ts';
