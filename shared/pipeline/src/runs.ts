/** @file What was run, for commands that look at it: without what reads pipeline files and starts stages, which takes as long again to load. */
export type { DamagedFile } from './ledger/ledger.ts';
export { byName, forgetRuns, modelOf, parseRunName, readLedger, renameRun } from './ledger/index.ts';
export type { Run, StepRun } from './ledger/index.ts';
export type { ArtifactKind } from './ports.ts';
export { duration } from './progress.ts';
export { rerunCommand } from './rerun-command.ts';
export { ledgerFolder, type Workspace } from './workspace.ts';
