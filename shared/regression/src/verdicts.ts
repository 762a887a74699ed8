/** @file Holds what a run gave against a baseline, metric by metric. */
import type { Baseline, BaselineMetric } from './baseline.ts';
import type { Measured } from './measure.ts';
import { labelOf } from './metrics.ts';

/**
 * ok: within the limits. worse, too good: outside, on that side. changed: an exact value is another one, or one is outside of which neither side is
 * better. missing: the baseline has
 * it, the run has not. unknown: the other way round.
 */
export type Outcome = 'ok' | 'worse' | 'too good' | 'changed' | 'missing' | 'unknown';

/** What is said of one metric; texts are ready to be shown. */
export interface Verdict {
  name: string;
  label: string;
  outcome: Outcome;
  found: string;
  /** What passes: `1.5431 to 1.6194`, or the exact value. */
  expected: string;
  /** How many standard deviations of the seeds it is from the mean; absent for an exact metric. */
  deviations?: number;
}

/** Verdicts on all metrics and digests that the run or the baseline has, in the order of the run's steps. */
export function judge(
  baseline: Pick<Baseline, 'metrics' | 'digests'>,
  run: Pick<Measured, 'metrics' | 'better' | 'digests'>,
): Verdict[] {
  const names = (of: 'metrics' | 'digests') => [...new Set([...Object.keys(run[of]), ...Object.keys(baseline[of])])];
  const metrics = names('metrics').map((name) =>
    judgeMetric(name, baseline.metrics[name], run.metrics[name], run.better[name]),
  );
  const digests = names('digests').map((name): Verdict => {
    const [expected, found] = [baseline.digests[name], run.digests[name]];
    const short = (digest: string | undefined) => digest?.slice(0, 12) ?? NOTHING;
    const outcome = exactOutcome(expected, found);
    return { name, label: labelOf(name), outcome, found: short(found), expected: short(expected) };
  });
  return [...metrics, ...digests];
}

const NOTHING = 'nothing';

function judgeMetric(
  name: string,
  expected: BaselineMetric | undefined,
  found: number | undefined,
  better: 'lower' | 'higher' | undefined,
): Verdict {
  const label = labelOf(name);
  if (expected === undefined) {
    return { name, label, outcome: 'unknown', found: String(found), expected: NOTHING };
  }
  const show = (value: number) => formatMetric(value, expected);
  const { rule, lowest, highest, mean, deviation } = expected;
  if (rule === 'exact') {
    const outcome = exactOutcome(mean, found);
    return { name, label, outcome, found: found === undefined ? NOTHING : show(found), expected: show(mean) };
  }
  const limits = formatLimits(lowest, highest, show);
  if (found === undefined || !Number.isFinite(found)) {
    return {
      name,
      label,
      outcome: found === undefined ? 'missing' : 'worse',
      found: String(found ?? NOTHING),
      expected: limits,
    };
  }
  const below = lowest !== null && found < lowest;
  const above = highest !== null && found > highest;
  const outside = better === undefined ? 'changed' : below === (better === 'lower') ? 'too good' : 'worse';
  const outcome = below || above ? outside : 'ok';
  return { name, label, outcome, found: show(found), expected: limits, deviations: (found - mean) / deviation };
}

function formatLimits(lowest: number | null, highest: number | null, show: (value: number) => string): string {
  if (lowest === null) return `at most ${show(highest!)}`;
  return highest === null ? `at least ${show(lowest)}` : `${show(lowest)} to ${show(highest)}`;
}

function exactOutcome<T>(expected: T | undefined, found: T | undefined): Outcome {
  if (found === undefined) return 'missing';
  if (expected === undefined) return 'unknown';
  return expected === found ? 'ok' : 'changed';
}

/** A value with as many digits as its noise leaves: two of the standard deviation's. */
export function formatMetric(value: number, { rule, deviation }: Pick<BaselineMetric, 'rule' | 'deviation'>): string {
  if (!Number.isFinite(value)) return String(value);
  if (rule === 'exact') return value.toLocaleString('en-US', { maximumSignificantDigits: 12 });
  const digits = deviation === 0 ? 6 : Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(deviation))));
  return value.toFixed(digits);
}
