/** @file What of a run can be asked for by name: `metrics.bitsPerByte`, `train.steps`, `name`. */
import type { Run, StepRun } from '@arrowsmith/pipeline';

export type FieldValue = string | number | boolean;

/** Properties of the run itself. */
const OWN: Record<string, ((run: Run) => unknown) | undefined> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  notes: ({ notes }) => notes,
  pipeline: ({ pipeline }) => pipeline,
  step: ({ step }) => step,
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
 * A field of a run. `metrics.bitsPerByte` is the last step's metric of that name (of the first model, where it is told of several;
 * `metrics.quantize.bitsPerByte` of a certain one), `metrics.chunk.bytesPerToken` a certain step's;
 * `train.optimizer.learningRate` is a parameter, `bytes.train` the size of a step's artifact, `seconds.train` how long it took to compute.
 * @returns undefined where the run has no such value, or one that is a list or an object
 */
export function fieldOf(run: Run, path: string): FieldValue | undefined {
  const own = inside(OWN, path) as (typeof OWN)[string];
  const value = own === undefined ? stepField(run, path.split('.')) : own(run);
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as FieldValue) : undefined;
}

function stepField({ steps }: Run, [head = '', ...rest]: string[]): unknown {
  const [step = '', ...inner] = rest;
  if (head === 'metrics') {
    const named = inner.length > 0 ? (inside(steps, step) as StepRun | undefined) : undefined;
    const own = named && metricOf(named, inner.join('.'));
    if (own !== undefined) return own;
    const values = Object.values(steps).map((each) => metricOf(each, rest.join('.')));
    return values.findLast((value) => value !== undefined);
  }
  if (head === 'bytes' || head === 'seconds') return inside(inside(steps, step), head);
  return rest.reduce(inside, inside(inside(steps, head), 'parameters'));
}

/** A metric by its name; one that is told of several models has that of the first of them, unless it is named with its model. */
function metricOf({ metrics }: StepRun, name: string): number | undefined {
  if (Object.hasOwn(metrics, name)) return metrics[name];
  const ofModel = Object.keys(metrics).find((each) => each.endsWith(`.${name}`));
  return ofModel === undefined ? undefined : metrics[ofModel];
}

/** What an object has under a name; not what every object inherits, such as `constructor`. */
const inside = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

/** All paths that a run has a value at, for messages. */
export function fieldPaths(run: Run): string[] {
  const ofSteps = Object.entries(run.steps).flatMap(([step, { metrics, parameters }]) => [
    ...Object.keys(metrics).flatMap((name) => [`metrics.${name}`, `metrics.${step}.${name}`]),
    ...parameterPaths(parameters, step).keys(),
    `bytes.${step}`,
    `seconds.${step}`,
  ]);
  return [...OWN_FIELDS, ...ofSteps].filter((path) => fieldOf(run, path) !== undefined);
}

/** The values of a step's parameters by path; of a list one by one. @param step what paths begin with */
export function parameterPaths(parameters: unknown, step: string): Map<string, unknown> {
  if (typeof parameters !== 'object' || parameters === null) return new Map([[step, parameters]]);
  return new Map(Object.entries(parameters).flatMap(([key, inner]) => [...parameterPaths(inner, `${step}.${key}`)]));
}
