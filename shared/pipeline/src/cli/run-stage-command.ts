/** @file What a stage's command line does: parameters come from the pipeline, flags change them. */
import { parseFlags } from '../overrides.ts';
import { readFingerprint, runStage } from '../run-stage.ts';
import type { JsonObject, Stage, StageDeclaration } from '../stage.ts';
import { main } from './main.ts';

/**
 * @param args the pipeline's name, then flags
 * @param parametersOf the parameters of the pipeline; by default those that the Nx plugin read, in STAGE_PARAMETERS
 */
export async function runStageCommand(
  declaration: unknown,
  load: () => Promise<unknown>,
  args: readonly string[],
  parametersOf: (pipeline: string) => JsonObject = () => JSON.parse(process.env['STAGE_PARAMETERS'] ?? '{}'),
): Promise<void> {
  const [pipeline = '', ...flags] = args;
  const { name } = declaration as StageDeclaration;
  await main(async (workspace, signal) => {
    await runStage({
      workspace,
      pipeline,
      declaration: declaration as StageDeclaration,
      load: load as () => Promise<Stage>,
      parameters: parametersOf(pipeline),
      flags: parseFlags(flags),
      code: await readFingerprint(workspace, name),
      invocation: process.env['ARROWSMITH_INVOCATION'],
      signal,
    });
  });
}
