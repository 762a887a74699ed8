/** @file A table of one step in one or several runs, as sections take it. */
import type { ReportRun, ReportStep, ReportTable, Value } from '../run.ts';
import { labelOf } from '../run.ts';

/** An artifact and the runs that have it. */
export interface Artifact {
  step: ReportStep;
  /** Names of the runs; empty where there is only one artifact to show. */
  label: string;
  /** Colour of its lines, from 1. */
  color: number;
}

export interface Entry extends Artifact {
  table: ReportTable;
}

/** The artifacts of a step: equal ones of several runs are one. */
export function artifactsOf(step: string, runs: readonly ReportRun[]): Artifact[] {
  const byDigest = new Map<string, { step: ReportStep; runs: string[]; color: number }>();
  for (const [at, run] of runs.entries()) {
    const found = run.steps.find(({ name }) => name === step);
    if (found === undefined) continue;
    const known = byDigest.get(found.digest);
    if (known === undefined) byDigest.set(found.digest, { step: found, runs: [labelOf(run)], color: at + 1 });
    else known.runs.push(labelOf(run));
  }
  const several = byDigest.size > 1;
  return [...byDigest.values()].map((each) => ({ ...each, label: several ? each.runs.join(', ') : '' }));
}

/** A column's numbers; what is no number is left out by `undefined`. */
export const numbersOf = ({ columns }: ReportTable, name: string): (number | undefined)[] =>
  (columns[name] ?? []).map((value) => (typeof value === 'number' ? value : undefined));

export const textsOf = ({ columns }: ReportTable, name: string): string[] =>
  (columns[name] ?? []).map((value) => (value === null ? '' : String(value)));

export const isNumeric = (values: readonly Value[] = []): boolean => values.some((value) => typeof value === 'number');
