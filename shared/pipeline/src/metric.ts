/** @file A number that a stage reports, and what it says about itself: whoever compares, judges or draws metrics asks them, and has no list. */

/** What a metric is, without its value. */
export interface MetricMeaning {
  /** Unit, in words: `nats per token`, `bytes`; absent for a share or another plain number. */
  unit?: string;
  /** Which of two values is better; absent where neither is, so that no difference is judged. */
  better?: 'lower' | 'higher';
  /** Whether it is counted by tokens, so that it says nothing beside that of another tokenizer or over another text. */
  perToken?: true;
  /** The loss over the evaluated text that it is a function of: whether a difference is more than noise is known of that. */
  loss?: { model: string; measure: LossMeasure };
}

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
