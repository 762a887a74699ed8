/** @file The metrics of several runs side by side, and which of them may be subtracted from each other. */
import type { MetricMeaning, Run } from '@arrowsmith/pipeline';
import type { LossComparison, MetricComparison, Verdict } from './comparison.ts';
import { allSteps } from './lineage.ts';

/**
 * All metrics of all steps. What a metric is, the run itself says; of runs of before they did, no metric is judged, and none compared between
 * tokenizers. Where runs say different things of a metric, the last one counts.
 * @param comparable whether each run's losses per token may be compared with those of the first run
 * @param losses whose verdicts hold for the metrics that are made of them
 */
export function compareMetrics(
  runs: readonly Run[],
  comparable: readonly boolean[],
  losses: readonly LossComparison[],
): MetricComparison[] {
  return allSteps(runs).flatMap((step) => {
    const names = new Set(runs.flatMap(({ steps }) => Object.keys(steps[step]?.metrics ?? {})));
    return [...names].map((name): MetricComparison => {
      const meanings = runs.map(({ steps }) => steps[step]?.meanings?.[name]).filter((each) => each !== undefined);
      const isPerToken = meanings.length === 0 || meanings.some(({ perToken }) => perToken);
      const values = runs.map(({ steps }) => steps[step]?.metrics[name] ?? null);
      const differences = values.map((value, i) => {
        const first = values[0] ?? null;
        if (i === 0 || value === null || first === null || (isPerToken && !comparable[i])) return null;
        return value - first;
      });
      return {
        step,
        name,
        unit: meanings.at(-1)?.unit ?? null,
        values,
        differences,
        better: meanings.at(-1)?.better ?? null,
        verdicts: verdictsOf(meanings.at(-1), losses, differences),
      };
    });
  });
}

/** A function of a loss over the evaluated text has the verdict of that: perplexity is the exponential of nats per token. */
function verdictsOf(
  meaning: MetricMeaning | undefined,
  losses: readonly LossComparison[],
  differences: readonly (number | null)[],
): (Verdict | null)[] {
  const of = meaning?.loss;
  const loss = losses.find(({ model, measure }) => model === of?.model && measure === of.measure);
  return differences.map((difference, i) => (difference === null ? null : (loss?.differences[i]?.verdict ?? null)));
}
