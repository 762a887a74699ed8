/** @file `nx run train:tinystories --help`: the parameters of a step, from its stage's declaration; Nx would show the help of its own runner. */
import { spawnSync } from 'node:child_process';
import { print } from '@arrowsmith/errors';
import { loadPipeline } from '../pipeline-file.ts';
import { parameterNames } from '../parameter-names.ts';
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
  const target = findTarget(root, args, declarations);
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
    : stageHelp(declarations.get(stageOf(root, { project, pipeline }, declarations))!, { step: project, pipeline });
}

/** The stage of a step; what names a stage is of that. */
function stageOf(
  root: string,
  { project, pipeline }: RunTarget,
  declarations: ReadonlyMap<string, StageDeclaration>,
): string {
  return declarations.has(project) ? project : loadPipeline(root, pipeline, declarations).steps[project]!.stage;
}

/** A command says itself what it may be told. */
async function commandHelp(root: string, name: string): Promise<void> {
  if (runsBuiltCode(root, name)) await ensureCode(root);
  spawnSync(`${commandOf(root, name)} --help`, { cwd: root, shell: true, stdio: 'inherit' });
}

function pipelineHelp(root: string, pipeline: string, declarations: ReadonlyMap<string, StageDeclaration>): string {
  const { description, steps } = loadPipeline(root, pipeline, declarations);
  const names = Object.keys(steps);
  const width = Math.max(12, ...names.map(({ length }) => length));
  const example = names.find((name) => parameterNames(declarations.get(steps[name]!.stage)!).has('steps'));
  return [
    `npx nx run pipeline:${pipeline} [--<step>.<parameter>=<value> …]`,
    '',
    description,
    '',
    'Runs what is not up to date of these steps, keeps the run in the ledger, and prints a summary:',
    '',
    ...Object.entries(steps).map(
      ([name, { stage }]) =>
        `  ${name.padEnd(width)} ${name === stage ? '' : `${stage}: `}${declarations.get(stage)!.description}`,
    ),
    '',
    `A step's parameters:      npx nx run ${names.at(-1)}:${pipeline} --help`,
    ...(example === undefined
      ? []
      : [
          `Changed for this run:     npx nx run pipeline:${pipeline} --${example}.steps=200`,
          `Changed by environment:   PIPELINE_SET=${example}.steps=200,${example}.seed=2 npx nx run pipeline:${pipeline}`,
        ]),
  ].join('\n');
}
