/** @file The help on a step of a pipeline, on all steps of a stage, and on a stage whatever the pipeline. */
import { UserError, wrapText } from '@arrowsmith/errors';
import { loadPipeline } from '../pipeline-file.ts';
import { pipelineNames } from '../pipeline-source.ts';
import { planPipeline, type RunTarget } from '../plan.ts';
import { exampleFlags, formatParameters, parametersOf, type ParameterHelp } from '../stage-help.ts';
import type { StageDeclaration } from '../stage.ts';
import { helpWidth } from '../help-width.ts';
import { type HelpStyle, helpCommand, runCommand, standsFor } from './help-words.ts';

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** What a page tells of. */
interface Subject {
  declaration: StageDeclaration;
  /** A step, or the stage: all steps of it. */
  project: string;
  /** One that has it; undefined where none does. */
  pipeline: string | undefined;
  parameters: readonly ParameterHelp[];
  /** What is said before the parameters. */
  about: string;
}

/** The help on a step, or on all steps of a stage. @throws UserError for a pipeline file with an error */
export function stepHelp(root: string, target: RunTarget, declarations: Declarations, style: HelpStyle): string {
  const { project, pipeline } = target;
  const { steps } = loadPipeline(root, pipeline, declarations);
  const step = Object.hasOwn(steps, project) ? steps[project] : undefined;
  const declaration = declarations.get(step?.stage ?? project)!;
  const own = Object.keys(steps).filter((name) => steps[name]!.stage === declaration.name);
  const subject = { declaration, project, pipeline, parameters: parametersOf(declaration, step?.parameters) };
  if (step !== undefined)
    return page(root, { ...subject, about: `Defaults are those of pipelines/${pipeline}.yaml.` }, declarations, style);
  if (own.length > 0) {
    const about = `Its steps here are ${own.join(', ')}: what is set is set for all of them. Defaults are those of the stage.`;
    return page(root, { ...subject, about }, declarations, style);
  }
  const other = stepOf(root, project, declarations);
  const about = `Pipeline ${pipeline} has no step of this stage${other === undefined ? '' : `; ${other.pipeline} has`}.`;
  return page(root, { ...subject, pipeline: undefined, ...other, about }, declarations, style);
}

/** The help on a stage. */
export function stageHelp(root: string, stage: string, declarations: Declarations, style: HelpStyle): string {
  const declaration = declarations.get(stage)!;
  const step = stepOf(root, stage, declarations);
  const about =
    step === undefined
      ? 'No pipeline has a step of this stage.'
      : `Defaults are those of the stage; those of a pipeline: ${helpCommand(step, style)}`;
  const subject = { declaration, project: stage, pipeline: undefined, parameters: parametersOf(declaration), about };
  return page(root, { ...subject, ...step }, declarations, style);
}

/** A step of a stage: of the pipeline that people begin with, where it has one, and called like the stage, where one is. */
export function stepOf(root: string, stage: string, declarations: Declarations): RunTarget | undefined {
  for (const pipeline of ['tinystories', ...pipelineNames(root)]) {
    try {
      const { steps } = loadPipeline(root, pipeline, declarations);
      const own = Object.keys(steps).filter((name) => steps[name]!.stage === stage);
      if (own.length > 0) return { project: own.includes(stage) ? stage : own[0]!, pipeline };
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // not there, or with an error, which is told where it is asked for
    }
  }
  return undefined;
}

function page(root: string, subject: Subject, declarations: Declarations, style: HelpStyle): string {
  const { declaration, project, pipeline, parameters, about } = subject;
  const width = helpWidth(style.columns);
  const usage = runCommand({ project, pipeline: pipeline ?? '<pipeline>' }, style);
  const ending =
    pipeline === undefined
      ? ['A step of it, in pipelines/<pipeline>.yaml:', '', ...stepToAdd(declaration, parameters)]
      : [
          `For example: ${runCommand({ project, pipeline }, style)}${exampleOf(root, { ...subject, pipeline }, declarations)}`,
          ...standsFor({ project, pipeline }, style),
        ];
  return [
    `${usage} [--<parameter>=<value> …]`,
    '',
    ...wrapText(`${declaration.description}. ${about}`, width),
    '',
    ...formatParameters(parameters, width),
    '',
    ...ending,
  ].join('\n');
}

/** A flag that the pipeline takes. */
function exampleOf(
  root: string,
  { project, pipeline, parameters }: Subject & { pipeline: string },
  declarations: Declarations,
): string {
  const flag = exampleFlags(parameters).find((each) => {
    try {
      const target = { project, pipeline };
      planPipeline({ root, declarations, pipelineSet: undefined, target, flags: [each] }, pipeline);
      return true;
    } catch (error) {
      if (error instanceof UserError) return false; // it does not fit the other parameters
      throw error;
    }
  });
  return flag === undefined ? '' : ` ${flag}`;
}

/** What makes a step of a stage: what has to be said, as placeholders. */
function stepToAdd({ name, inputs }: StageDeclaration, parameters: readonly ParameterHelp[]): string[] {
  const needed = parameters.filter(({ isRequired }) => isRequired).map(({ flag, type }) => `${flag}: <${type}>`);
  const read = Object.entries(inputs)
    .filter(([, { takes }]) => takes !== 'optional')
    .map(([port, { kind }]) => `${port}: <step that makes ${kind}>`);
  const said = [...needed, ...(read.length === 0 ? [] : [`inputs: { ${read.join(', ')} }`])];
  return ['  steps:', `    ${name}:`, ...said.map((line) => `      ${line}`)];
}
