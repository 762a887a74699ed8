/** @file Parameters by which runs of a list can be told apart. */
import type { Run } from '@arrowsmith/pipeline';
import { parameterPaths } from './fields.ts';

/**
 * The paths of parameters (`train.optimizer.learningRate`) that are not the same in all runs of one pipeline: what distinguishes one pipeline
 * from another is in their files. A step that a run does not have differs in nothing.
 * @returns in the order of steps and of their parameters
 */
export function differingParameters(runs: readonly Run[]): string[] {
  const found = new Set<string>();
  for (const pipeline of new Set(runs.map((run) => run.pipeline))) {
    const alike = runs.filter((run) => run.pipeline === pipeline);
    for (const step of new Set(alike.flatMap(({ steps }) => Object.keys(steps)))) {
      const having = alike.flatMap(({ steps }) => (Object.hasOwn(steps, step) ? [steps[step]!] : []));
      const values = having.map(({ parameters }) => parameterPaths(parameters, step));
      for (const path of new Set(values.flatMap((of) => [...of.keys()])))
        if (new Set(values.map((of) => JSON.stringify(of.get(path)))).size > 1) found.add(path);
    }
  }
  return [...found];
}
