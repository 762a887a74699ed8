/** @file `nx run train:tinystories --help`: the parameters of a stage, from its declaration; Nx would show the help of its own runner. */
import { spawnSync } from 'node:child_process';
import { print } from '@arrowsmith/errors';
import { loadPipeline } from '../pipeline-file.ts';
import { stageHelp } from '../stage-help.ts';
import type { StageDeclaration } from '../stage.ts';
import type { RunTarget } from '../plan.ts';
import { findTarget } from './command-line.ts';
import { ensureCode } from './ensure-code.ts';
import { commandOf, ownTargets, runsBuiltCode } from './unknown-target.ts';

/** Prints help where a command line asks for that of a stage, a pipeline or a command. @returns whether it did */
export async function printHelp(
  root: string,
  args: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): Promise<boolean> {
  if (!args.includes('--help')) return false;
  const target = findTarget(args, declarations);
  if (target === undefined) return false;
  if (target.project === 'pipeline' && ownTargets(root).includes(target.pipeline)) {
    await commandHelp(root, target.pipeline);
    return true;
  }
  print(helpOn(root, target, declarations));
  return true;
}

/** What the parameters of a stage or a pipeline are. @throws UserError for a pipeline file with an error */
export function helpOn(
  root: string,
  { project, pipeline }: RunTarget,
  declarations: ReadonlyMap<string, StageDeclaration>,
): string {
  return project === 'pipeline'
    ? pipelineHelp(root, pipeline, declarations)
    : stageHelp(declarations.get(project)!, pipeline);
}

/** A command says itself what it may be told. */
async function commandHelp(root: string, name: string): Promise<void> {
  if (runsBuiltCode(root, name)) await ensureCode(root);
  spawnSync(`${commandOf(root, name)} --help`, { cwd: root, shell: true, stdio: 'inherit' });
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
