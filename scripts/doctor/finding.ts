/** @file What a check found out: one line of the doctor's report. */
import { wrapText } from '@arrowsmith/errors';

/**
 * - `ok`: as it should be.
 * - `note`: works, with something to know; or something optional is missing; or the network, which may come back.
 * - `problem`: keeps pipelines from running until it is mended.
 */
export type Level = 'ok' | 'note' | 'problem';

export interface Finding {
  level: Level;
  /** What was looked at: `Node`, `disk`. */
  check: string;
  /** What was found: `v20.20.2`, `25 GB free`. */
  what: string;
  /** What that means, or what to do. */
  means: string;
  /** Of a training: its line of the table, which people read in place of the finding. */
  training?: TrainingRow;
}

/** What a training takes on a backend. */
export interface TrainingCost {
  /** `native bf16`. */
  backend: string;
  /** Bytes. */
  memory: number;
  /** Seconds; null where it does not fit. */
  seconds: number | null;
  /** Within steps. */
  tokensPerSecond: number | null;
}

/** A training of a pipeline, and what it takes on this machine. */
export interface TrainingRow {
  /** The pipeline, with the step where it has several trainings. */
  name: string;
  parameters: number;
  /** That are learnt from, all steps together. */
  tokens: number;
  /** Of the backend that would be taken. */
  taken: TrainingCost;
  /** Of another one, which could be asked for. */
  other?: TrainingCost;
}

export function finding(level: Level, check: string, what: string, means: string): Finding {
  return { level, check, what, means };
}

/** What was found is aligned where it is no longer. */
const ALIGNED = 28;

/**
 * The findings as aligned lines. What does not fit into one is told on lines of its own, below.
 *
 * @param paint colours a level
 * @param width columns of the terminal; without it, each finding is a line
 */
export function formatFindings(
  findings: readonly Finding[],
  paint: (level: Level, text: string) => string,
  width = Infinity,
): string[] {
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const whatWidth = Math.max(0, ...findings.map(({ what }) => what.length).filter((length) => length <= ALIGNED));
  const indent = 'problem  '.length;
  return findings.flatMap(({ level, check, what, means }) => {
    const painted = paint(level, level) + ' '.repeat(indent - level.length);
    const found = `${check.padEnd(checkWidth)}  ${what}`;
    const line = `${found.padEnd(checkWidth + 2 + whatWidth)}  → ${means}`;
    if (indent + line.length <= width) return [painted + line];
    const below = wrapText(means, width - indent - 2);
    return [painted + found, ...below.map((each, i) => ' '.repeat(indent) + (i === 0 ? '→ ' : '  ') + each)];
  });
}

/** The last line: whether pipelines can run. */
export function verdict(findings: readonly Finding[]): string {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  if (problems === 0) return 'pipelines can run: npx arrowsmith run smoke';
  return `${problems} ${problems === 1 ? 'problem' : 'problems'} to mend before all pipelines can run`;
}
