/** @file What a comparison of runs found, as far as a report shows it. Lists in the plural have an entry per run; the first run is the base. */

export type Verdict = 'better' | 'worse' | 'unclear' | 'same';

export interface ReportComparison {
  /** Sentences that the reader must know before the numbers. */
  notices: readonly string[];
  parameters: readonly ValueComparison[];
  environments: readonly ValueComparison[];
  losses: readonly LossComparison[];
  metrics: readonly MetricComparison[];
  /** Where each run's chain of artifacts leaves the first run's. */
  divergences: readonly ({ step: string; causes: readonly string[] } | null)[];
}

export interface ValueComparison {
  step: string;
  path: string;
  values: readonly unknown[];
}

/** A loss over the evaluated text. */
export interface LossComparison {
  model: string;
  measure: string;
  values: readonly (number | null)[];
  documents: readonly (number | null)[];
  /** Run − first run, with the bounds of a 95 % interval. */
  differences: readonly ({ difference: number; low: number; high: number; verdict: Verdict; paired: boolean } | null)[];
}

export interface MetricComparison {
  step: string;
  name: string;
  values: readonly (number | null)[];
  differences: readonly (number | null)[];
  unit: string | null;
  better: 'lower' | 'higher' | null;
  verdicts: readonly (Verdict | null)[];
}
