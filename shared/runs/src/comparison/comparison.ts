/**
 * @file What a comparison of runs says, as plain data: what prints it, as a table, Markdown, JSON or HTML, computes nothing.
 *
 * The first run is the one that the others are compared with. Lists named in the plural (`values`, `differences`, …) have one entry per run, in the
 * order of `runs`; `null` is where there is nothing to say, among the differences always at the first run.
 */
import type { Run } from '@arrowsmith/pipeline';

export interface Comparison {
  format: 1;
  runs: ComparedRun[];
  /** What the reader must know before the numbers: what was not compared, and why. Sentences. */
  notices: string[];
  /** Parameters of any step that are not the same in all runs. */
  parameters: ValueComparison[];
  /** What else artifacts depend on and is not the same: backend, instruction set, precision. */
  environments: ValueComparison[];
  /** Losses over the evaluated text by model, with intervals. */
  losses: LossComparison[];
  /** All metrics of all steps, the same or not. */
  metrics: MetricComparison[];
  /** All steps, in the order in which they run. */
  artifacts: ArtifactComparison[];
  /** Where each run's chain of artifacts first leaves the first run's. */
  divergences: (Divergence | null)[];
  /** Samples from the same model, prompt, method and seed. */
  samples: SampleComparison[];
}

/** A run of the comparison, without its steps. */
export interface ComparedRun extends Omit<Run, 'steps'> {
  /** How it was asked for, e.g. `latest`. */
  reference: string;
  /** Steps whose artifacts are no longer in the store. */
  collected: string[];
  /** Steps whose artifacts were not computed for this run. */
  cached: string[];
}

/** A value in each run, where there is one. */
export interface ValueComparison {
  step: string;
  /** `optimizer.learningRate` */
  path: string;
  values: unknown[];
}

/**
 * `better` and `worse`: the interval does not contain 0. `unclear`: it does, so that another choice of documents could turn the difference
 * round; or the difference is no larger than what another order of sums makes. `same`: nothing differs.
 */
export type Verdict = 'better' | 'worse' | 'unclear' | 'same';

/** The difference of two losses, with its 95 % confidence interval. */
export interface LossDifference {
  /** This run's loss − the first run's: below 0 is better. */
  difference: number;
  low: number;
  high: number;
  verdict: Verdict;
  /** Whether both runs were evaluated on the same documents, which were then resampled in pairs; otherwise each run's are resampled by themselves. */
  paired: boolean;
}

export interface LossComparison {
  /** The step that made it. */
  model: string;
  /** Per token only between runs of one tokenizer. */
  measure: 'bits per byte' | 'nats per token';
  values: (number | null)[];
  /** Documents that the losses are over. */
  documents: (number | null)[];
  differences: (LossDifference | null)[];
}

export interface MetricComparison {
  step: string;
  name: string;
  values: (number | null)[];
  /** Value − the first run's. Null also where values may not be compared; a notice says why. */
  differences: (number | null)[];
  /** In words; null for a plain number. */
  unit: string | null;
  /** Which direction is better, as the metric says itself; null where neither is. */
  better: 'lower' | 'higher' | null;
  /** For metrics that are losses over the evaluated text: what the interval says. Other metrics have no known noise. */
  verdicts: (Verdict | null)[];
}

export interface ArtifactComparison {
  step: string;
  /** Digests of the manifests. */
  manifests: (string | null)[];
  bytes: (number | null)[];
  /** How long the artifact took to compute, whether for this run or before. */
  seconds: (number | null)[];
  /** Whether all runs have the same content. */
  same: boolean;
  /** Whether all runs have it from the same code. */
  sameCode: boolean;
  /** Files that are not the same in all runs that still have them. */
  files: string[];
}

export interface Divergence {
  step: string;
  /** What made the difference: `parameter steps`, `code`, `environment backend`; all that changed at this step. */
  causes: string[];
}

export interface SampleComparison {
  model: string;
  /** greedy, temperature, top-k, top-p */
  method: string;
  temperature: number;
  topK: number;
  topP: number;
  seed: number;
  prompt: string;
  texts: (string | null)[];
}
