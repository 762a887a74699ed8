/** @file What of a run can be asked for by name: `metrics.bitsPerByte`, `train.steps`, `name`. */
import type { Run, StageRun } from '@arrowsmith/pipeline';

export type FieldValue = string | number | boolean;

/** Properties of the run itself. */
const OWN: Record<string, ((run: Run) => unknown) | undefined> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  notes: ({ notes }) => notes,
  pipeline: ({ pipeline }) => pipeline,
  stage: ({ stage }) => stage,
  finishedAt: ({ finishedAt }) => finishedAt,
  seconds: ({ seconds }) => seconds,
  commit: ({ commit }) => commit,
  dirty: ({ dirty }) => dirty,
  backend: ({ backend }) => backend,
  substitution: ({ substitution }) => substitution,
  'machine.host': ({ machine }) => machine.host,
  'machine.platform': ({ machine }) => machine.platform,
  'machine.cpu': ({ machine }) => machine.cpu,
  'machine.cores': ({ machine }) => machine.cores,
  'machine.memoryBytes': ({ machine }) => machine.memoryBytes,
  'machine.node': ({ machine }) => machine.node,
};

export const OWN_FIELDS: readonly string[] = Object.keys(OWN);

/**
 * A field of a run. `metrics.bitsPerByte` is the last stage's metric of that name, `metrics.chunk.bytesPerToken` a certain stage's;
 * `train.optimizer.learningRate` is a parameter, `bytes.train` the size of a stage's artifact, `seconds.train` how long it took to compute.
 * @returns undefined where the run has no such value, or one that is a list or an object
 */
export function fieldOf(run: Run, path: string): FieldValue | undefined {
  const own = inside(OWN, path) as (typeof OWN)[string];
  const value = own === undefined ? stageField(run, path.split('.')) : own(run);
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as FieldValue) : undefined;
}

function stageField({ stages }: Run, [head = '', ...rest]: string[]): unknown {
  const [stage = '', ...inner] = rest;
  if (head === 'metrics') {
    const named = inside(stages, stage) as StageRun | undefined;
    if (named !== undefined && inner.length > 0) return inside(named.metrics, inner.join('.'));
    const having = Object.keys(stages).findLast((each) => Object.hasOwn(stages[each]!.metrics, rest.join('.')));
    return having === undefined ? undefined : stages[having]!.metrics[rest.join('.')];
  }
  if (head === 'bytes' || head === 'seconds') return inside(inside(stages, stage), head);
  return rest.reduce(inside, inside(inside(stages, head), 'parameters'));
}

/** What an object has under a name; not what every object inherits, such as `constructor`. */
const inside = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

/** All paths that a run has a value at, for messages. */
export function fieldPaths(run: Run): string[] {
  const ofStages = Object.entries(run.stages).flatMap(([stage, { metrics, parameters }]) => [
    ...Object.keys(metrics).flatMap((name) => [`metrics.${name}`, `metrics.${stage}.${name}`]),
    ...parameterPaths(parameters, stage).keys(),
    `bytes.${stage}`,
    `seconds.${stage}`,
  ]);
  return [...OWN_FIELDS, ...ofStages].filter((path) => fieldOf(run, path) !== undefined);
}

/** The values of a stage's parameters by path; of a list one by one. @param stage what paths begin with */
export function parameterPaths(parameters: unknown, stage: string): Map<string, unknown> {
  if (typeof parameters !== 'object' || parameters === null) return new Map([[stage, parameters]]);
  return new Map(Object.entries(parameters).flatMap(([key, inner]) => [...parameterPaths(inner, `${stage}.${key}`)]));
}
