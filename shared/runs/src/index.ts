/** @file Runs of the ledger: finding them, comparing them, telling their artifacts apart. */
export { readRunManifest, runFile } from './artifact-reader.ts';
export {
  independentBootstrap,
  meanLoss,
  pairedBootstrap,
  type DocumentLosses,
  type Interval,
} from './comparison/bootstrap.ts';
export { compareRuns, type NamedRun } from './comparison/compare-runs.ts';
export type * from './comparison/comparison.ts';
