/** @file What of a run can be asked for by name: `metrics.bitsPerByte`, `train.steps`, `name`. */
import type { Run } from '@arrowsmith/pipeline';

export type FieldValue = string | number | boolean;

/** Properties of the run itself. */
const OWN: Record<string, (run: Run) => unknown> = {
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
  const own = OWN[path];
  const value = own === undefined ? stageField(run, path.split('.')) : own(run);
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as FieldValue) : undefined;
}

function stageField({ stages }: Run, [head = '', ...rest]: string[]): unknown {
  const [stage = '', ...inner] = rest;
  if (head === 'metrics') {
    if (stages[stage] !== undefined) return stages[stage].metrics[inner.join('.')];
    const having = Object.values(stages).filter(({ metrics }) => Object.hasOwn(metrics, rest.join('.')));
    return having.at(-1)?.metrics[rest.join('.')];
  }
  if (head === 'bytes') return stages[stage]?.bytes;
  if (head === 'seconds') return stages[stage]?.seconds;
  let value: unknown = stages[head]?.parameters;
  for (const key of rest)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

/** All paths that a run has a value at, for messages. */
export function fieldPaths(run: Run): string[] {
  const ofStages = Object.entries(run.stages).flatMap(([stage, { metrics, parameters }]) => [
    ...Object.keys(metrics).flatMap((name) => [`metrics.${name}`, `metrics.${stage}.${name}`]),
    ...leafPaths(parameters, stage),
    `bytes.${stage}`,
    `seconds.${stage}`,
  ]);
  return [...OWN_FIELDS, ...ofStages].filter((path) => fieldOf(run, path) !== undefined);
}

function leafPaths(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leafPaths(inner, `${path}.${key}`));
}
