/** @file A number that a stage reports, and what it says about itself: whoever compares, judges or draws metrics asks them, and has no list. */

/** What a metric is, without its value. */
export interface MetricMeaning {
  /** Unit, in words: `nats per token`, `bytes`; absent for a share or another plain number. */
  unit?: string;
  /** Which of two values is better; absent where neither is, so that no difference is judged. */
  better?: 'lower' | 'higher';
  /** Whether it is counted by tokens, so that it says nothing beside that of another tokenizer or over another text. */
  perToken?: true;
  /**
   * How the regression gate guards it, by where it may go without harm: nowhere (`both`), below, or above what the seeds of training give; `exact`:
   * it follows from the data, and is the same with every seed. Absent: the gate does not look at it.
   */
  guard?: Guard;
  /** The step that made the model which it is of, where a step tells of several; its name begins with that, then. */
  model?: string;
  /** Whether it is one of the numbers that one looks at first. */
  headline?: true;
  /** The loss over the evaluated text that it is a function of: whether a difference is more than noise is known of that. */
  loss?: { model: string; measure: LossMeasure };
}

/** See {@link MetricMeaning.guard}. */
export type Guard = 'exact' | 'both' | 'lower' | 'higher';

/** In what a loss over text is measured. */
export type LossMeasure = 'bits per byte' | 'nats per token';

/** What a stage returns for a metric. */
export interface Metric extends MetricMeaning {
  value: number;
}

/** Splits metrics into their values, which runs are listed and filtered by, and their meanings. */
export function splitMetrics(metrics: Readonly<Record<string, Metric>>): {
  metrics: Record<string, number>;
  meanings: Record<string, MetricMeaning>;
} {
  const entries = Object.entries(metrics);
  return {
    metrics: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    meanings: Object.fromEntries(entries.map(([name, { value: _value, ...meaning }]) => [name, meaning])),
  };
}
