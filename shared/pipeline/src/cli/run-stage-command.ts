/** @file What a stage's command line does: finds the step's parameters in its run, and computes. */
import { UserError } from '@arrowsmith/errors';
import type { Steps } from '../graph.ts';
import { neededNames, rerunCommand } from '../rerun-command.ts';
import { runStage } from '../run-stage.ts';
import type { Stage } from '../stage.ts';
import { commandContext, type Stages } from './command-context.ts';
import { main } from './main.ts';

/** @param args the pipeline's name and the step's (by default called like the stage), then flags */
export async function runStageCommand(
  stage: string,
  load: () => Promise<unknown>,
  [pipeline = '', ...rest]: readonly string[],
  { declarations, code }: { declarations: ReadonlyMap<string, unknown>; code: Readonly<Record<string, string>> },
): Promise<void> {
  const step = rest[0]?.startsWith('-') === false ? rest[0] : stage;
  const flags = rest[0] === step ? rest.slice(1) : rest;
  await main(async (workspace, signal) => {
    const all = { declarations, code } as Stages;
    const context = await commandContext(workspace, { project: step, pipeline }, flags, all, signal);
    const own = Object.hasOwn(context.steps, step) ? context.steps[step] : undefined;
    if (own?.stage !== stage) throw noStep(step, stage, pipeline, context.steps);
    await runStage({
      workspace,
      pipeline,
      step,
      reads: own.inputs,
      declaration: all.declarations.get(stage)!,
      load: load as () => Promise<Stage>,
      parameters: own.parameters,
      code: code[stage]!,
      input: context.find,
      again: (of) => rerunCommand({ pipeline, changes: context.changes }, of, neededNames(of, context.steps)),
      invocation: context.invocation,
      signal,
    });
  });
}

const noStep = (step: string, stage: string, pipeline: string, steps: Steps): UserError =>
  new UserError({
    what: `pipeline ${pipeline} has no step ${step} of stage ${stage}`,
    expected: `one of ${Object.keys(steps).join(', ')}`,
    fix: `add \`${step}:\` under steps in pipelines/${pipeline}.yaml`,
  });
