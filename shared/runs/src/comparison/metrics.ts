/** @file The metrics of several runs side by side, and which of them may be subtracted from each other. */
import type { Run } from '@arrowsmith/pipeline';
import type { LossComparison, MetricComparison, Verdict } from './comparison.ts';
import { allStages } from './lineage.ts';

/** Losses: lower is better. */
const LOWER = /^evaluate\.|^train\.(trainLoss|validationLoss)$|^quantize\.(bytesAfter|worstRelativeError)$/;

/** What a better tokenizer has more of. */
const HIGHER = /^(tokenizer|chunk)\.(bytesPerToken|wholeWordShare)$/;

/** Losses per token, which say nothing between tokenizers: a token of another one stands for more or less text. */
const PER_TOKEN = /^train\.(trainLoss|validationLoss)$|^evaluate\.(loss|.*perplexity)$/i;

/**
 * All metrics of all stages.
 * @param comparable whether each run's losses per token may be compared with those of the first run
 * @param losses whose verdicts hold for the metrics that are made of them
 */
export function compareMetrics(
  runs: readonly Run[],
  comparable: readonly boolean[],
  losses: readonly LossComparison[],
): MetricComparison[] {
  return allStages(runs).flatMap((stage) => {
    const names = new Set(runs.flatMap(({ stages }) => Object.keys(stages[stage]?.metrics ?? {})));
    return [...names].map((name): MetricComparison => {
      const full = `${stage}.${name}`;
      const values = runs.map(({ stages }) => stages[stage]?.metrics[name] ?? null);
      const differences = values.map((value, i) => {
        const first = values[0] ?? null;
        if (i === 0 || value === null || first === null || (PER_TOKEN.test(full) && !comparable[i])) return null;
        return value - first;
      });
      return {
        stage,
        name,
        values,
        differences,
        better: LOWER.test(full) ? 'lower' : HIGHER.test(full) ? 'higher' : null,
        verdicts: verdictsOf(full, losses, differences),
      };
    });
  });
}

/** Losses of `evaluate` have the verdict of the loss that they are functions of: perplexity is the exponential of nats per token. */
function verdictsOf(
  name: string,
  losses: readonly LossComparison[],
  differences: readonly (number | null)[],
): (Verdict | null)[] {
  const none = differences.map(() => null);
  const match = /^evaluate\.(quantized)?(loss|perplexity|bitsPerByte)$/i.exec(name);
  if (match === null) return none;
  const measure = match[2]!.toLowerCase() === 'bitsperbyte' ? 'bits per byte' : 'nats per token';
  const ofMeasure = losses.filter((loss) => loss.measure === measure);
  const loss = ofMeasure[match[1] === undefined ? 0 : 1];
  return differences.map((difference, i) => (difference === null ? null : (loss?.differences[i]?.verdict ?? null)));
}
