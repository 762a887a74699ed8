/** @file Pipeline files, the stage runner, the Nx plugin's targets, the runs ledger. */
export { type Artifact, artifactsOf, pointedArtifact, type FindArtifact, type Found } from './artifact.ts';
export { buildCode } from './bundles.ts';
export { type Fingerprint, fingerprintStage } from './code.ts';
export * from './complete-run.ts';
export * from './metric.ts';
export * from './overrides.ts';
export * from './pipeline-file.ts';
export { pipelineNames } from './pipeline-source.ts';
export * from './pointer.ts';
export * from './progress.ts';
export { parseRecord } from './run-record.ts';
export * from './run-stage.ts';
export { withInputs } from './stage-order.ts';
export * from './stage.ts';
export * from './workspace.ts';
export * from './gc.ts';
export * from './ledger/index.ts';
export * from './summary.ts';
