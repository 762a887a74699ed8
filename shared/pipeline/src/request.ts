/** @file What a command line asks for, checked before Nx is started, which takes seconds; and the help on it. */
export { helpOn } from './nx/help.ts';
export { splitArguments } from './nx/arguments.ts';
export { stageHelp, stepOf } from './nx/step-help.ts';
export { readCommandLine } from './nx/command-line.ts';
export { needsPipelines, ownTargets } from './nx/unknown-target.ts';
export { stepStages } from './pipeline-file.ts';
export { pipelineNames } from './pipeline-source.ts';
export { planPipeline, planRun, type RunTarget } from './plan.ts';
export type { StageDeclaration } from './stage.ts';
