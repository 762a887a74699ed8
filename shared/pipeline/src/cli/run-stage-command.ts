/** @file What a stage's command line does: finds the parameters of its run, and computes. */
import { runStage } from '../run-stage.ts';
import type { Stage } from '../stage.ts';
import { commandContext, type Stages } from './command-context.ts';
import { main } from './main.ts';

/** @param args the pipeline's name, then flags */
export async function runStageCommand(
  stage: string,
  load: () => Promise<unknown>,
  [pipeline = '', ...flags]: readonly string[],
  { declarations, code }: { declarations: ReadonlyMap<string, unknown>; code: Readonly<Record<string, string>> },
): Promise<void> {
  await main(async (workspace, signal) => {
    const all = { declarations, code } as Stages;
    const context = await commandContext(workspace, { project: stage, pipeline }, flags, all, signal);
    await runStage({
      workspace,
      pipeline,
      declaration: all.declarations.get(stage)!,
      load: load as () => Promise<Stage>,
      parameters: context.stages[stage] ?? {},
      code: code[stage]!,
      input: context.find,
      invocation: context.invocation,
      signal,
    });
  });
}
