/** @file What a process of an `nx run` knows of it: the parameters, and where each step's artifact is found. */
import { UserError } from '@arrowsmith/errors';
import { artifactsOf, type FindArtifact } from '../artifact.ts';
import type { Changes } from '../overrides.ts';
import { planPipeline, type RunTarget } from '../plan.ts';
import { readPlan, type RunPlan } from '../run-state.ts';
import type { Steps } from '../graph.ts';
import type { StageDeclaration } from '../stage.ts';
import type { Workspace } from '../workspace.ts';

/** All stages, and the identity of their code. */
export interface Stages {
  declarations: ReadonlyMap<string, StageDeclaration>;
  code: Readonly<Record<string, string>>;
}

export interface CommandContext {
  /** The steps of the pipeline, in the order in which they run. */
  steps: Steps;
  description: string;
  /** Parameters that were changed for this run, by path. */
  changes: Changes;
  find: FindArtifact;
  /** Identity of the `nx run`; undefined for a process that was started by hand. */
  invocation: string | undefined;
}

/**
 * The parameters of a pipeline in this run: those that the Nx plugin wrote down when it began, or, without Nx, what the pipeline's file says
 * now with PIPELINE_SET and flags.
 *
 * @param args flags that are to be parameters, of a process that was started by hand
 * @throws UserError for a pipeline with an error
 */
export async function commandContext(
  workspace: Workspace,
  target: RunTarget,
  args: readonly string[],
  { declarations, code }: Stages,
  signal: AbortSignal,
): Promise<CommandContext> {
  const { pipeline } = target;
  const invocation = process.env['ARROWSMITH_INVOCATION'] || undefined;
  const pipelineSet = process.env['PIPELINE_SET'];
  const own =
    invocation === undefined
      ? planPipeline({ root: workspace.root, declarations, pipelineSet, target, flags: args }, pipeline)
      : ownPlan((await readPlan(workspace, invocation)).pipelines, pipeline);
  const named = `${target.project}:${pipeline}`;
  const { steps, description, changes } = own;
  const chain = { workspace, pipeline, steps, changes, declarations, code, target: named, run: invocation, signal };
  return { steps, description, changes, find: artifactsOf(chain), invocation };
}

function ownPlan(
  pipelines: RunPlan['pipelines'],
  pipeline: string,
): Pick<CommandContext, 'description' | 'steps' | 'changes'> {
  const own = Object.hasOwn(pipelines, pipeline) ? pipelines[pipeline] : undefined;
  if (own !== undefined && 'steps' in own) return own;
  throw new UserError(
    own === undefined
      ? {
          what: `there is no pipeline "${pipeline}" in this run`,
          expected: Object.keys(pipelines).join(', '),
          fix: `add pipelines/${pipeline}.yaml, and start the command again`,
        }
      : { what: own.error },
  );
}
