/** @file What `arrowsmith run` is to run, checked before Nx is started, which takes seconds. */
import { nearest, UserError } from '@arrowsmith/errors';
import { needsPipelines, ownTargets, pipelineNames, type RunTarget, stepStages } from '@arrowsmith/pipeline/request';

/**
 * Reads `tinystories`, `pipeline:tinystories`, `train:tinystories`; `families`, which comes after pipelines.
 *
 * A pipeline whose file is broken has any step: who reads the file says what is wrong with it.
 *
 * @param stages that there are
 * @throws UserError where there is no such pipeline, or it has no such step
 */
export function parseTarget(root: string, word: string, stages: readonly string[]): RunTarget {
  const parts = word.split(':');
  const pipelines = pipelineNames(root);
  if (parts.length > 2) throw noTarget(word, pipelines);
  const [project, pipeline] = parts.length === 2 ? (parts as [string, string]) : ['pipeline', word];
  if (project === 'pipeline' && needsPipelines(root, pipeline)) return { project, pipeline };
  if (!pipelines.includes(pipeline)) throw noPipeline({ root, word, project, pipeline, pipelines, stages });
  const steps = stepStages(root, pipeline);
  if (project !== 'pipeline' && !hasStep(steps, project)) throw noStep(project, pipeline, steps);
  return { project, pipeline };
}

type StepStages = ReturnType<typeof stepStages>;

/** Whether there is a step of that name, or of that stage. */
const hasStep = (steps: StepStages, name: string): boolean =>
  Object.keys(steps).length === 0 || Object.hasOwn(steps, name) || Object.values(steps).includes(name);

const suggested = (near: string | undefined, otherwise: string): string =>
  near === undefined ? otherwise : `did you mean ${near}?`;

const oneOf = (pipelines: readonly string[]): string => `one of ${pipelines.join(', ')}`;

function noTarget(word: string, pipelines: readonly string[]): UserError {
  return new UserError({
    what: `"${word}" names no pipeline and no step of one`,
    expected: `<pipeline> or <step>:<pipeline>, with a pipeline of ${pipelines.join(', ')}`,
    found: word,
    fix: 'for example npx arrowsmith run train:tinystories',
  });
}

interface Unknown {
  root: string;
  word: string;
  project: string;
  pipeline: string;
  pipelines: readonly string[];
  stages: readonly string[];
}

function noPipeline({ root, word, project, pipeline, pipelines, stages }: Unknown): UserError {
  const isAlone = word === pipeline;
  if (isAlone && ownTargets(root).includes(word)) return commandNotRun(word, pipelines);
  const having = pipelines.filter((name) => {
    const steps = stepStages(root, name);
    return Object.keys(steps).length > 0 && hasStep(steps, word);
  });
  if (isAlone && (having.length > 0 || stages.includes(word))) return stepAlone(word, having, pipelines);
  const isSwapped = pipelines.includes(project) && hasStep(stepStages(root, project), pipeline);
  const [near] = isSwapped ? [project] : nearest(pipeline, pipelines);
  const step = isSwapped ? pipeline : project;
  return new UserError({
    what: `there is no pipeline "${pipeline}"`,
    expected: oneOf(pipelines),
    found: word,
    fix: suggested(
      near === undefined || step === 'pipeline' ? near : `${step}:${near}`,
      `check the spelling, or add pipelines/${pipeline}.yaml (README, "Add a pipeline")`,
    ),
  });
}

const commandNotRun = (word: string, pipelines: readonly string[]): UserError =>
  new UserError({
    what: `"${word}" is a command, and no pipeline`,
    expected: oneOf(pipelines),
    found: word,
    fix: `npx arrowsmith ${word}`,
  });

function stepAlone(word: string, having: readonly string[], pipelines: readonly string[]): UserError {
  const [first] = having.includes('tinystories') ? ['tinystories'] : having;
  return new UserError({
    what: `"${word}" is a step, and no pipeline`,
    expected: oneOf(pipelines),
    found: word,
    fix:
      first === undefined
        ? `no pipeline here has it: write one (README, "Add a pipeline")`
        : `npx arrowsmith run ${word}:${first} runs it and what it needs`,
  });
}

function noStep(step: string, pipeline: string, steps: StepStages): UserError {
  const names = Object.keys(steps);
  const [near] = nearest(step, names);
  return new UserError({
    what: `there is no step "${step}" in pipeline ${pipeline}`,
    expected: oneOf(names),
    found: `${step}:${pipeline}`,
    fix: suggested(
      near === undefined ? near : `${near}:${pipeline}`,
      `check the spelling; the whole pipeline is npx arrowsmith run ${pipeline}`,
    ),
  });
}
