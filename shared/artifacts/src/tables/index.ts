/** @file Arrow tables: their kinds, writing and reading them. */
export * from './arrow-file.ts';
export * from './columns.ts';
export * from './documents.ts';
export * from './kinds.ts';
export * from './random-access.ts';
export * from './random-order.ts';
export * from './tensors.ts';
