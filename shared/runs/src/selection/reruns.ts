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
 * Folds the runs of which every stage was cached and has the manifest that it has in an earlier run of the same pipeline, into that run; of
 * several into the latest that computed something, or was the first. A run with a name or notes stays: a person marked it.
 * @param runs in any order; a run is folded into one of these only
 */
export function foldReruns(runs: readonly Run[]): FoldedRuns {
  const repeats = new Map<string, string>();
  /** Runs that stay, by an artifact of theirs: a run with its last stage's is looked for among few. */
  const having = new Map<string, Run[]>();
  const keyOf = ({ pipeline }: Run, stage: string, manifest: string): string =>
    JSON.stringify([pipeline, stage, manifest]);
  for (const run of runs.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const stages = Object.entries(run.stages);
    const last = stages.at(-1);
    const isMarked = run.name !== undefined || run.notes !== undefined;
    const original =
      last === undefined || isMarked || !stages.every(([, { cached }]) => cached)
        ? undefined
        : having
            .get(keyOf(run, last[0], last[1].manifest))
            ?.findLast((other) => stages.every(([stage, { manifest }]) => manifestOf(other, stage) === manifest));
    if (original !== undefined) {
      repeats.set(run.id, original.id);
      continue;
    }
    for (const [stage, { manifest }] of stages) {
      const key = keyOf(run, stage, manifest);
      const others = having.get(key);
      if (others === undefined) having.set(key, [run]);
      else others.push(run);
    }
  }
  return { runs: runs.filter(({ id }) => !repeats.has(id)), repeats };
}

const manifestOf = ({ stages }: Run, stage: string): string | undefined =>
  Object.hasOwn(stages, stage) ? stages[stage]!.manifest : undefined;
