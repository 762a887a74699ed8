/** @file The runs ledger: what was run, kept for good. */
export { modelOf } from './before-steps.ts';
export * from './ledger.ts';
export * from './revision.ts';
export * from './run.ts';
