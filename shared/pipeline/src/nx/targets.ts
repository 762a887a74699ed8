/**
 * @file From pipeline files to Nx targets: `<stage>:<pipeline>` for each stage and `pipeline:<pipeline>` for the whole.
 *
 * A pipeline file with an error gets targets that fail with its message; all other pipelines work.
 */
import { basename } from 'node:path';
import { parsePipelineSet } from '../overrides.ts';
import { loadPipeline, type Pipeline } from '../pipeline-file.ts';
import type { JsonObject, StageDeclaration } from '../stage.ts';
import { sayWhatIsUnknown } from './unknown-target.ts';

/** Results may change with the major version of Node, e.g. what a letter is. */
const NODE = process.versions.node.split('.')[0]!;

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

/**
 * @param files pipeline files, as matched by the plugin's glob
 * @param args of the nx command line
 * @returns the projects that each file contributes to
 */
export function inferProjects(
  root: string,
  files: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
  args: readonly string[] = [],
): [string, { projects: Projects }][] {
  const stages = [...declarations.keys()];
  sayWhatIsUnknown(root, args, { pipelines: files.map((file) => basename(file, '.yaml')), stages });
  return files.map((file) => {
    const name = basename(file, '.yaml');
    try {
      const overrides = parsePipelineSet(process.env['PIPELINE_SET'] ?? '');
      return [file, { projects: pipelineProjects(loadPipeline(root, name, declarations, overrides), declarations) }];
    } catch (error) {
      return [file, { projects: failingProjects(name, stages, (error as Error).message) }];
    }
  });
}

function pipelineProjects(
  { name, description, stages }: Pipeline,
  declarations: ReadonlyMap<string, StageDeclaration>,
): Projects {
  const projects: Projects = {};
  for (const [stage, parameters] of Object.entries(stages)) {
    projects[`stages/${stage}`] = {
      name: stage,
      targets: { [name]: stageTarget(name, declarations.get(stage)!, parameters) },
    };
  }
  const whole: Target = {
    executor: 'nx:run-commands',
    cache: false, // it reports and keeps the ledger, also when every stage is cached
    dependsOn: Object.keys(stages).map((stage) => ({ projects: [stage], target: name })),
    options: {
      cwd: '{workspaceRoot}',
      command: `node --enable-source-maps .work/code/complete-run.mjs ${name}`,
      env: { COMPLETED: JSON.stringify({ stages: Object.keys(stages), description }) },
    },
    metadata: { description: description === '' ? `The whole pipeline ${name}` : description },
  };
  return { ...projects, pipelines: { name: 'pipeline', targets: { [name]: whole } } };
}

function stageTarget(pipeline: string, declaration: StageDeclaration, parameters: JsonObject): Target {
  const { name, inputs, description, exclusive, cacheable, environment } = declaration;
  return {
    executor: 'nx:run-commands',
    cache: cacheable?.(parameters) ?? true,
    parallelism: exclusive !== true,
    dependsOn: [
      { projects: ['pipeline'], target: 'build' },
      ...inputs.map((input) => ({ projects: [input], target: pipeline })),
    ],
    inputs: [
      { externalDependencies: [] }, // npm packages count through the identity of the code
      { dependentTasksOutputFiles: `**/{manifest.json,code/${name}.json}`, transitive: false },
    ],
    outputs: [`{workspaceRoot}/artifacts/${pipeline}/${name}`],
    options: {
      cwd: '{workspaceRoot}',
      command: `node --enable-source-maps .work/code/${name}.mjs ${pipeline}`,
      // One string: Nx drops nested objects silently. The environment is here so that it is part of the task's hash, for which an input
      // `runtime` would start a process for each stage.
      env: {
        STAGE_PARAMETERS: JSON.stringify(parameters),
        STAGE_ENVIRONMENT: JSON.stringify({ node: NODE, ...environment?.(parameters) }),
      },
    },
    metadata: { description },
  };
}

function failingProjects(name: string, stages: readonly string[], message: string): Projects {
  const fail: Target = {
    executor: 'nx:run-commands',
    cache: false,
    options: {
      cwd: '{workspaceRoot}',
      command: 'node -e "console.error(process.env.MESSAGE); process.exit(1)" --',
      env: { MESSAGE: `\nerror: ${message}\n` },
    },
    metadata: { description: 'This pipeline file has an error; run the target to see it' },
  };
  const projects: Projects = { pipelines: { name: 'pipeline', targets: { [name]: fail } } };
  for (const stage of stages) projects[`stages/${stage}`] = { name: stage, targets: { [name]: fail } };
  return projects;
}
