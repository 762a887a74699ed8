/** @file Runs of the ledger by name, and the files that they made. */
export { readRunManifest, rerun, runFile } from '../artifact-reader.ts';
export { findModelFiles, type RunModelFiles } from './model-files.ts';
export { oneRun, pipelineOption, runOption } from './options.ts';
export { readRuns } from './read-runs.ts';
export { type ReferenceContext, resolveReference, resolveReferences } from './references.ts';
