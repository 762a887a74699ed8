/** @file Reruns in which nothing was computed: they say again what an earlier run says. */
import type { Run } from '@arrowsmith/pipeline';

/** Runs without those that repeat an earlier one of them. */
export interface FoldedRuns {
  /** In the order in which they came. */
  runs: Run[];
  /** By the id of a run that is not listed: the id of the one that it repeats. */
  repeats: ReadonlyMap<string, string>;
}

/**
 * Folds the runs of which every step was cached and has the manifest that it has in an earlier run of the same pipeline, into that run; of
 * several into the latest that computed something, or was the first. A run with a name or notes stays: a person marked it.
 * @param runs in any order; a run is folded into one of these only
 */
export function foldReruns(runs: readonly Run[]): FoldedRuns {
  const repeats = new Map<string, string>();
  /** Runs that stay, by an artifact of theirs: a run with its last step's is looked for among few. */
  const having = new Map<string, Run[]>();
  const keyOf = ({ pipeline }: Run, step: string, manifest: string): string =>
    JSON.stringify([pipeline, step, manifest]);
  for (const run of runs.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const steps = Object.entries(run.steps);
    const last = steps.at(-1);
    const isMarked = run.name !== undefined || run.notes !== undefined;
    const original =
      last === undefined || isMarked || !steps.every(([, { cached }]) => cached)
        ? undefined
        : having
            .get(keyOf(run, last[0], last[1].manifest))
            ?.findLast((other) => steps.every(([step, { manifest }]) => manifestOf(other, step) === manifest));
    if (original !== undefined) {
      repeats.set(run.id, original.id);
      continue;
    }
    for (const [step, { manifest }] of steps) {
      const key = keyOf(run, step, manifest);
      const others = having.get(key);
      if (others === undefined) having.set(key, [run]);
      else others.push(run);
    }
  }
  return { runs: runs.filter(({ id }) => !repeats.has(id)), repeats };
}

const manifestOf = ({ steps }: Run, step: string): string | undefined =>
  Object.hasOwn(steps, step) ? steps[step]!.manifest : undefined;
