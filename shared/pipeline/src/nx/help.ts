/** @file `nx run train:tinystories --help`: the parameters of a step, from its stage's declaration; Nx would show the help of its own runner. */
import { spawnSync } from 'node:child_process';
import { outputColumns, print, wrapText } from '@arrowsmith/errors';
import { loadPipeline } from '../pipeline-file.ts';
import { parameterNames } from '../parameter-names.ts';
import type { RunTarget } from '../plan.ts';
import type { StageDeclaration } from '../stage.ts';
import { helpWidth } from '../help-width.ts';
import { findTarget } from './command-line.ts';
import { ensureCode } from './ensure-code.ts';
import { type HelpStyle, helpCommand, runCommand, standsFor } from './help-words.ts';
import { stepHelp } from './step-help.ts';
import { commandOf, ownTargets, runsBuiltCode } from './unknown-target.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** Prints help where a command line asks for that of a stage, a pipeline or a command. @returns whether it did */
export async function printHelp(root: string, args: readonly string[], declarations: Declarations): Promise<boolean> {
  if (!args.includes('--help')) return false;
  const target = findTarget(root, args, declarations);
  if (target === undefined) return false;
  if (target.project === 'pipeline' && ownTargets(root).includes(target.pipeline)) {
    await commandHelp(root, target.pipeline);
    return true;
  }
  print(helpOn(root, target, declarations, { words: 'nx', columns: outputColumns() }));
  return true;
}

/** What the parameters of a step, of all steps of a stage, or of a pipeline are. @throws UserError for a pipeline file with an error */
export function helpOn(root: string, target: RunTarget, declarations: Declarations, style: HelpStyle): string {
  return target.project === 'pipeline'
    ? pipelineHelp(root, target.pipeline, declarations, style)
    : stepHelp(root, target, declarations, style);
}

/** A command says itself what it may be told. */
async function commandHelp(root: string, name: string): Promise<void> {
  if (runsBuiltCode(root, name)) await ensureCode(root);
  spawnSync(`${commandOf(root, name)} --help`, { cwd: root, shell: true, stdio: 'inherit' });
}

function pipelineHelp(root: string, pipeline: string, declarations: Declarations, style: HelpStyle): string {
  const { description, steps } = loadPipeline(root, pipeline, declarations);
  const names = Object.keys(steps);
  const width = helpWidth(style.columns);
  const column = Math.max(12, ...names.map(({ length }) => length)) + 3;
  const example = names.find((name) => parameterNames(declarations.get(steps[name]!.stage)!).has('steps'));
  const target = { project: 'pipeline', pipeline };
  const run = runCommand(target, style);
  return [
    `${run} [--<step>.<parameter>=<value> …]`,
    '',
    ...(description === '' ? [] : [...wrapText(description, width), '']),
    ...wrapText(
      'Runs what is not up to date of these steps, keeps the run in the ledger, and prints a summary:',
      width,
    ),
    '',
    ...Object.entries(steps).flatMap(([name, { stage }]) => {
      const about = `${name === stage ? '' : `${stage}: `}${declarations.get(stage)!.description}`;
      return wrapText(about, width - column).map((line, i) => `  ${(i === 0 ? name : '').padEnd(column - 2)}${line}`);
    }),
    '',
    `A step's parameters:  ${helpCommand({ project: names.at(-1)!, pipeline }, style)}`,
    ...(example === undefined
      ? []
      : [
          `For example:          ${run} --${example}.steps=200`,
          `By environment:       PIPELINE_SET=${example}.steps=200,${example}.seed=2 ${run}`,
        ]),
    ...standsFor(target, style),
  ].join('\n');
}
