/**
 * @file From pipeline files to Nx targets: `<step>:<pipeline>` for each step and `pipeline:<pipeline>` for the whole.
 *
 * A target says which steps there are and what they read, and nothing of their parameters: two `nx run` that overlap share one project graph,
 * while PIPELINE_SET and flags are a run's own. Nx's hash of a task names parameters and code by an environment variable (plan.ts).
 *
 * A pipeline file with an error gets targets that fail with its message; all other pipelines work.
 */
import { basename } from 'node:path';
import { printableLine } from '@arrowsmith/errors';
import { isStepName, loadPipeline, type Pipeline, stepNames } from '../pipeline-file.ts';
import { digestVariable } from '../plan.ts';
import { inputsOf, withInputs } from '../graph.ts';
import type { JsonObject, StageDeclaration } from '../stage.ts';
import { type Known, sayWhatIsUnknown } from './unknown-target.ts';

/** The part of Nx's target configuration that is used here. */
export interface Target {
  executor: string;
  cache?: boolean;
  parallelism?: boolean;
  dependsOn?: { projects: string[]; target: string }[];
  inputs?: (string | object)[];
  outputs?: string[];
  options?: JsonObject;
  metadata?: JsonObject;
}

type Projects = Record<string, { name: string; targets: Record<string, Target> }>;
type Declarations = ReadonlyMap<string, StageDeclaration>;

/**
 * @param files pipeline files, as matched by the plugin's glob
 * @param args of the nx command line
 * @returns the projects that each file contributes to
 */
export function inferProjects(
  root: string,
  files: readonly string[],
  declarations: Declarations,
  args: readonly string[] = [],
): [string, { projects: Projects }][] {
  const stages = [...declarations.keys()];
  const steps: Record<string, Known['steps'][string]> = {};
  const inferred = files.map((file): [string, { projects: Projects }] => {
    const name = basename(file, '.yaml');
    try {
      const pipeline = loadPipeline(root, name, declarations);
      steps[name] = Object.entries(pipeline.steps).map(([step, { stage }]) => ({ name: step, stage }));
      return [file, { projects: pipelineProjects(pipeline, declarations) }];
    } catch (error) {
      const names = [...new Set([...stages, ...stepNames(root, name).filter(isStepName)])];
      return [file, { projects: failingProjects(name, names, declarations, (error as Error).message) }];
    }
  });
  sayWhatIsUnknown(root, args, { pipelines: files.map((file) => basename(file, '.yaml')), stages, steps });
  return inferred;
}

function pipelineProjects(pipeline: Pipeline, declarations: Declarations): Projects {
  const { name, description, steps } = pipeline;
  const projects: Projects = {};
  for (const [step, { stage }] of Object.entries(steps)) {
    projects[rootOf(step, declarations)] = {
      name: step,
      targets: { [name]: stepTarget(pipeline, step, declarations) },
    };
    // What is called otherwise is found by its stage, too: all of it at once.
    if (!Object.hasOwn(steps, stage))
      projects[`stages/${stage}`] = { name: stage, targets: { [name]: allOf(pipeline, stage) } };
  }
  const whole: Target = {
    executor: 'nx:run-commands',
    cache: false, // it reports and keeps the ledger, also when every step is cached
    dependsOn: Object.keys(steps).map((step) => ({ projects: [step], target: name })),
    options: command(`node --enable-source-maps .work/code/complete-run.mjs ${name}`),
    // What Nx prints, on its own.
    metadata: { description: description === '' ? `The whole pipeline ${name}` : printableLine(description) },
  };
  return { ...projects, pipelines: { name: 'pipeline', targets: { [name]: whole } } };
}

/** A step that is called like its stage belongs to that stage's project; others have a project of their own, without files. */
const rootOf = (step: string, declarations: Declarations): string =>
  declarations.has(step) ? `stages/${step}` : `pipelines/steps/${step}`;

function stepTarget({ name, steps }: Pipeline, step: string, declarations: Declarations): Target {
  const { stage } = steps[step]!;
  const { description, exclusive } = declarations.get(stage)!;
  const sources = withInputs([step], steps);
  return {
    executor: 'nx:run-commands',
    // What has to be looked at anew, and what is made of it, has another hash in each run: no use to keep that.
    cache: sources.every((source) => {
      const { stage: of, parameters } = steps[source]!;
      return declarations.get(of)!.cacheable?.(parameters) ?? true;
    }),
    parallelism: exclusive !== true,
    dependsOn: inputsOf(steps[step]!).map((input) => ({ projects: [input], target: name })),
    inputs: [
      { externalDependencies: [] }, // npm packages count through the identity of the code
      { env: digestVariable(step, name) }, // its parameters and code, and those of all that it reads
    ],
    // None that Nx would copy: the store has the artifact, and whoever runs last writes the pointer.
    outputs: [],
    options: command(`node --enable-source-maps .work/code/${stage}.mjs ${name}${step === stage ? '' : ` ${step}`}`),
    metadata: { description },
  };
}

/** `train:<pipeline>` where no step is called so: all steps of that stage. */
function allOf({ name, steps }: Pipeline, stage: string): Target {
  const own = Object.keys(steps).filter((step) => steps[step]!.stage === stage);
  return {
    executor: 'nx:noop',
    cache: false,
    dependsOn: own.map((step) => ({ projects: [step], target: name })),
    metadata: { description: `The steps ${own.join(', ')}` },
  };
}

/** A command that a shell runs as it stands here: what a person types reaches it by the run's plan (command-line.ts), and no shell. */
const command = (line: string): JsonObject => ({ cwd: '{workspaceRoot}', command: line, forwardAllArgs: false });

/** @param steps that there are or should be */
function failingProjects(
  name: string,
  steps: readonly string[],
  declarations: Declarations,
  message: string,
): Projects {
  const fail: Target = {
    executor: 'nx:run-commands',
    cache: false,
    options: {
      ...command('node -e "console.error(process.env.MESSAGE); process.exit(1)"'),
      env: { MESSAGE: `\nerror: ${message}\n` },
    },
    metadata: { description: 'This pipeline file has an error; run the target to see it' },
  };
  const projects: Projects = { pipelines: { name: 'pipeline', targets: { [name]: fail } } };
  for (const step of steps) projects[rootOf(step, declarations)] = { name: step, targets: { [name]: fail } };
  return projects;
}
