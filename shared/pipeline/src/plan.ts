/**
 * @file The parameters of one `nx run`: pipeline files, changed by PIPELINE_SET and by the command line, read once when it begins. They never
 * enter the project graph, which other runs share.
 */
import { hostname } from 'node:os';
import { digestOf, type Json } from '@arrowsmith/artifacts/store';
import { materialParameters, NODE_MAJOR } from './identify.ts';
import { type Override, parseFlags, parsePipelineSet } from './overrides.ts';
import { loadPipeline, type Pipeline } from './pipeline-file.ts';
import { pipelineNames } from './pipeline-source.ts';
import type { RunPlan } from './run-state.ts';
import type { StageDeclaration } from './stage.ts';
import { withInputs } from './stage-order.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** What is run: a stage of a pipeline, or a pipeline as a whole. */
export interface RunTarget {
  /** `pipeline`, or a stage. */
  project: string;
  pipeline: string;
}

export interface PlanOptions {
  root: string;
  declarations: Declarations;
  /** PIPELINE_SET, as it is in the environment. */
  pipelineSet: string | undefined;
  target?: RunTarget | undefined;
  /** Flags of the command line that are parameters of the target, e.g. `--steps=200`, or `--train.steps=200` of a whole pipeline. */
  flags?: readonly string[];
}

/**
 * Reads pipelines as this run is to see them. A pipeline with an error has that instead of parameters.
 *
 * @param names of those that it may need; all by default
 */
export function planRun(options: PlanOptions, names: readonly string[] = pipelineNames(options.root)): RunPlan {
  const pipelines: RunPlan['pipelines'] = Object.fromEntries(
    names.map((name) => {
      try {
        const { description, stages } = planPipeline(options, name);
        for (const [stage, parameters] of Object.entries(stages))
          options.declarations.get(stage)!.environment?.(parameters); // an engine that is not here is an error, too
        return [name, { description, stages }];
      } catch (error) {
        return [name, { error: (error as Error).message }];
      }
    }),
  );
  return { format: 1, process: { pid: process.pid, host: hostname() }, pipelines };
}

/**
 * One pipeline as this run is to see it.
 * @throws UserError for a pipeline file, PIPELINE_SET or flags with an error
 */
export function planPipeline(
  { root, declarations, pipelineSet, target, flags = [] }: PlanOptions,
  name: string,
): Pipeline {
  const overrides = parsePipelineSet(pipelineSet ?? '');
  if (target?.pipeline === name) overrides.push(...flagOverrides(target, flags));
  return loadPipeline(root, name, declarations, overrides);
}

/** Flags of a stage are parameters of that stage; those of a pipeline begin with one. */
export function flagOverrides({ project }: RunTarget, flags: readonly string[]): Override[] {
  return parseFlags(flags).map(({ path, ...rest }) => ({
    ...rest,
    path: project === 'pipeline' ? path : [project, ...path],
  }));
}

/**
 * By stage, a digest of what decides its result in this run: its own parameters and code, and those of everything that it reads. Nx's hash of a task
 * names it. What has to be looked at anew (a hub that may be back, a file that may have changed) is never what another run had.
 *
 * @param id of the run
 * @param generation of the store: what was removed from it is not there for Nx either
 * @param code identities of the stages' code
 */
export function parameterDigests(
  plan: RunPlan,
  declarations: Declarations,
  { id, generation, code }: { id: string; generation: string; code: Readonly<Record<string, string>> },
): Map<string, string> {
  const digests = new Map<string, string>();
  for (const [pipeline, planned] of Object.entries(plan.pipelines)) {
    if ('error' in planned) {
      for (const stage of declarations.keys()) digests.set(digestVariable(stage, pipeline), `failed ${id}`);
      continue;
    }
    const own = new Map<string, Json>();
    for (const [stage, parameters] of Object.entries(planned.stages)) {
      const declaration = declarations.get(stage)!;
      const settled = declaration.cacheable?.(parameters) ?? true;
      own.set(stage, {
        stage,
        code: code[stage],
        parameters: materialParameters(declaration, parameters) as Json,
        environment: declaration.environment?.(parameters) ?? {},
        ...(settled ? {} : { run: id }),
      });
    }
    for (const stage of own.keys()) {
      const stages = withInputs([stage], declarations).map((each) => own.get(each) ?? null);
      digests.set(digestVariable(stage, pipeline), digestOf({ stages, node: NODE_MAJOR, generation }));
    }
  }
  return digests;
}

/** The environment variable with the digest of a stage's parameters in the run. */
export function digestVariable(stage: string, pipeline: string): string {
  return `ARROWSMITH_PARAMETERS_${stage}_${pipeline}`;
}
