/** @file What the gate found, before it is written for a terminal, as Markdown, JUnit XML or JSON. */
import type { Baseline } from './baseline.ts';
import { type Clue, findClues } from './clues.ts';
import type { Measured } from './measure.ts';
import { judge, type Verdict } from './verdicts.ts';

export interface Report {
  pipeline: string;
  passed: boolean;
  verdicts: Verdict[];
  /** Where to look; empty when all is well. */
  clues: Clue[];
  /** Of the run. */
  seed: number;
  engine: string;
  /** Of the whole gate. */
  seconds: number;
  baseline: Pick<Baseline, 'noise' | 'measured'>;
}

/** Compares a run with a baseline. @param seconds that the run took */
export function makeReport(baseline: Baseline, run: Measured, seconds: number): Report {
  const verdicts = judge(baseline, run);
  const passed = verdicts.every(({ outcome }) => outcome === 'ok');
  const { backend, instructionSet, precision } = run.engine;
  return {
    pipeline: baseline.pipeline,
    passed,
    verdicts,
    clues: passed ? [] : findClues(baseline, run, verdicts),
    seed: run.seed,
    engine: [backend, instructionSet, precision].filter((part) => part !== undefined).join(' '),
    seconds,
    baseline,
  };
}

/** For programs; of the baseline no more than the report is about. */
export function toJson({ baseline: { noise, measured }, ...report }: Report): string {
  return JSON.stringify({ ...report, baseline: { noise, measured } }, null, 2);
}

/** One metric's verdict as a sentence: what it is, what was expected, how far off. */
export function describe({ label, outcome, found, expected, deviations }: Verdict): string {
  const distance = deviations === undefined ? '' : `, ${formatDeviations(deviations)} deviations from the mean`;
  switch (outcome) {
    case 'missing':
      return `${label}: the baseline has it, this run has not; does its step still report it?`;
    case 'unknown':
      return `${label}: ${found}, of which the baseline knows nothing; renew the baseline`;
    case 'ok':
      return `${label}: ${found}, expected ${expected}${distance}`;
    default:
      return `${label} is ${outcome}: ${found}, expected ${expected}${distance}`;
  }
}

/** `+1.3`, `−0.2`. */
export function formatDeviations(deviations: number): string {
  return `${deviations < 0 ? '−' : '+'}${Math.abs(deviations).toFixed(1)}`;
}

/** `20 of 22 metrics are within the limits`. */
export function headline({ verdicts }: Report): string {
  const ok = verdicts.filter(({ outcome }) => outcome === 'ok').length;
  return ok === verdicts.length
    ? `all ${ok} metrics are within the limits`
    : `${verdicts.length - ok} of ${verdicts.length} metrics are not within the limits`;
}

/** How the limits came about, in a sentence. */
export function describeNoise({ noise: { seeds, factor, falseAlarmRate, comparisons } }: Report['baseline']): string {
  return (
    `Limits: the mean of ${seeds.length} seeds ± ${factor.toFixed(2)} standard deviations, by which ${comparisons} metrics together ` +
    `fail for no reason once in ${Math.round(1 / falseAlarmRate).toLocaleString('en-US')} runs; counts and digests are exact.`
  );
}
