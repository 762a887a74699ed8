/**
 * @file The parameters of one `nx run`: pipeline files, changed by PIPELINE_SET and by the command line, read once when it begins. They never
 * enter the project graph, which other runs share.
 */
import { hostname } from 'node:os';
import { digestOf, type Json } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { keyParameters, NODE_MAJOR } from './identify.ts';
import { type Changes, changesOf, type Override, parseFlags, parsePipelineSet } from './overrides.ts';
import { parameterNames } from './parameter-names.ts';
import { loadPipeline, type Pipeline, stepNames, stepStages } from './pipeline-file.ts';
import { pipelineNames } from './pipeline-source.ts';
import { type Step, type Steps, withInputs } from './graph.ts';
import type { RunPlan } from './run-state.ts';
import type { About, StageDeclaration } from './stage.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** What is run: a step of a pipeline, all of a stage, or a pipeline as a whole. */
export interface RunTarget {
  /** `pipeline`, a step, or a stage. */
  project: string;
  pipeline: string;
}

export interface PlanOptions {
  root: string;
  declarations: Declarations;
  /** PIPELINE_SET, as it is in the environment. */
  pipelineSet: string | undefined;
  target?: RunTarget | undefined;
  /** Flags of the command line, e.g. `--steps=200` of the target, or `--train.steps=200` of a step. */
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
        const { description, steps, changes } = planPipeline(options, name);
        for (const { stage, parameters, inputs } of Object.values(steps))
          options.declarations.get(stage)!.environment?.(parameters, aboutInputs(inputs, steps)); // an engine that is not here is an error, too
        return [name, { description, steps, changes }];
      } catch (error) {
        return [name, { error: (error as Error).message, names: stepNames(options.root, name) }];
      }
    }),
  );
  return { format: 2, process: { pid: process.pid, host: hostname() }, pipelines };
}

/**
 * One pipeline as this run is to see it.
 * @throws UserError for a pipeline file, PIPELINE_SET or flags with an error
 */
export function planPipeline(options: PlanOptions, name: string): Pipeline & { changes: Changes } {
  const { root, declarations, target } = options;
  const { fromEnvironment, flags } = overridesOf(options, name);
  const pipeline = loadPipeline(root, name, declarations, [...fromEnvironment, ...flags]);
  if (target !== undefined && target.project !== 'pipeline') refuseUnneeded(target, pipeline.steps, flags);
  return { ...pipeline, changes: changesOf([...fromEnvironment, ...flags]) };
}

function overridesOf(options: PlanOptions, name: string): Record<'fromEnvironment' | 'flags', Override[]> {
  const { pipelineSet = '', target } = options;
  return {
    fromEnvironment: parsePipelineSet(pipelineSet),
    flags: target?.pipeline === name ? flagOverrides(options, target) : [],
  };
}

/** Flags of a pipeline begin with a step. Those of a step are its parameters, and where it has none called so, they may begin with another step. */
function flagOverrides({ root, declarations, flags = [] }: PlanOptions, { project, pipeline }: RunTarget): Override[] {
  const overrides = parseFlags(flags);
  if (project === 'pipeline') return overrides;
  const stages = stepStages(root, pipeline);
  const known = new Set([...Object.keys(stages), ...Object.values(stages)]);
  const declaration = declarations.get(Object.hasOwn(stages, project) ? stages[project]! : project);
  const own = declaration === undefined ? new Set<string>() : parameterNames(declaration);
  const isOther = ([first = '', ...rest]: readonly string[]): boolean =>
    rest.length > 0 && known.has(first) && !own.has(first);
  return overrides.map((override) =>
    isOther(override.path) ? override : { ...override, path: [project, ...override.path] },
  );
}

/** @throws UserError for a flag that changes a step which the one to run needs nothing of */
function refuseUnneeded({ project, pipeline }: RunTarget, steps: Steps, flags: readonly Override[]): void {
  const named = (name: string): string[] =>
    Object.hasOwn(steps, name) ? [name] : Object.keys(steps).filter((step) => steps[step]!.stage === name);
  const needed = withInputs(named(project), steps);
  for (const { path, written } of flags) {
    if (named(path[0]!).some((step) => needed.includes(step))) continue;
    throw new UserError({
      what: `${written} has no effect on ${project}:${pipeline}, which needs nothing of ${path[0]}`,
      expected: `a parameter of ${needed.join(', ')}`,
      found: written,
      fix: `leave it out, or run the whole pipeline: npx arrowsmith run ${pipeline} ${written}`,
    });
  }
}

/**
 * By step, a digest of what decides its result in this run: its own parameters and code, and those of everything that it reads. Nx's hash of a task
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
      for (const step of planned.names) digests.set(digestVariable(step, pipeline), `failed ${id}`);
      continue;
    }
    const own = new Map<string, Json>();
    for (const [step, { stage, parameters, inputs }] of Object.entries(planned.steps)) {
      const declaration = declarations.get(stage)!;
      const settled = declaration.cacheable?.(parameters) ?? true;
      const about = aboutInputs(inputs, planned.steps);
      const measurement = declaration.measurement?.(parameters, about);
      own.set(step, {
        stage,
        inputs,
        code: code[stage],
        parameters: keyParameters(declaration, parameters) as Json,
        environment: declaration.environment?.(parameters, about) ?? {},
        ...(measurement === undefined ? {} : { measured: measurement.kept ?? null }),
        ...(settled ? {} : { run: id }),
      });
    }
    for (const step of own.keys()) {
      const steps = withInputs([step], planned.steps).map((each) => [each, own.get(each) ?? null]);
      digests.set(digestVariable(step, pipeline), digestOf({ steps, node: NODE_MAJOR, generation } as Json));
    }
  }
  return digests;
}

/** What is known of a step's inputs before they are made. */
export const aboutInputs =
  (inputs: Step['inputs'], steps: Steps): About =>
  (port) => {
    const [first] = inputs[port] ?? [];
    return first === undefined ? undefined : steps[first]?.parameters;
  };

/** The scripts of measurements that a pipeline's steps need and that are not there yet, each once. */
export function missingMeasurements(steps: Steps, declarations: Declarations): string[] {
  const scripts = Object.values(steps).flatMap(({ stage, parameters, inputs }) => {
    const measurement = declarations.get(stage)?.measurement?.(parameters, aboutInputs(inputs, steps));
    return measurement === undefined || measurement.kept !== undefined ? [] : [measurement.script];
  });
  return [...new Set(scripts)];
}

/** The environment variable with the digest of a step's parameters in the run. */
export function digestVariable(step: string, pipeline: string): string {
  return `ARROWSMITH_PARAMETERS_${step}_${pipeline}`;
}
