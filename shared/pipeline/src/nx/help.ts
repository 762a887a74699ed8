/** @file `nx run train:tinystories --help`: the parameters of a stage, from its declaration; Nx would show the help of its own runner. */
import { print } from '@arrowsmith/errors';
import { loadPipeline } from '../pipeline-file.ts';
import { stageHelp } from '../stage-help.ts';
import type { StageDeclaration } from '../stage.ts';
import { findTarget } from './command-line.ts';
import { ownTargets } from './unknown-target.ts';

/** Prints help where a command line asks for that of a stage or a pipeline. @returns whether it did */
export function printHelp(
  root: string,
  args: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): boolean {
  if (!args.includes('--help')) return false;
  const target = findTarget(args, declarations);
  if (target === undefined) return false;
  const { project, pipeline } = target;
  if (project !== 'pipeline') print(stageHelp(declarations.get(project)!, pipeline));
  else if (ownTargets(root).includes(pipeline)) return false;
  else print(pipelineHelp(root, pipeline, declarations));
  return true;
}

function pipelineHelp(root: string, pipeline: string, declarations: ReadonlyMap<string, StageDeclaration>): string {
  const { description, stages } = loadPipeline(root, pipeline, declarations);
  const names = Object.keys(stages);
  return [
    `npx nx run pipeline:${pipeline} [--<stage>.<parameter>=<value> …]`,
    '',
    description,
    '',
    'Runs what is not up to date of these stages, keeps the run in the ledger, and prints a summary:',
    '',
    ...names.map((name) => `  ${name.padEnd(12)} ${declarations.get(name)!.description}`),
    '',
    `A stage's parameters:     npx nx run ${names.at(-1)}:${pipeline} --help`,
    `Changed for this run:     npx nx run pipeline:${pipeline} --train.steps=200`,
    `Changed by environment:   PIPELINE_SET=train.steps=200,train.seed=2 npx nx run pipeline:${pipeline}`,
  ].join('\n');
}
