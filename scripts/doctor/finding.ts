/** @file What a check found out: one line of the doctor's report. */

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
}

export function finding(level: Level, check: string, what: string, means: string): Finding {
  return { level, check, what, means };
}

/**
 * The findings as aligned lines.
 * @param paint colours a level
 */
export function formatFindings(findings: readonly Finding[], paint: (level: Level, text: string) => string): string[] {
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const whatWidth = Math.max(...findings.map(({ what }) => what.length));
  return findings.map(
    ({ level, check, what, means }) =>
      `${paint(level, level.padEnd('problem'.length))}  ${check.padEnd(checkWidth)}  ${what.padEnd(whatWidth)}  → ${means}`,
  );
}

/** The last line: whether pipelines can run. */
export function verdict(findings: readonly Finding[]): string {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  if (problems === 0) return 'pipelines can run: npx nx run pipeline:smoke';
  return `${problems} ${problems === 1 ? 'problem' : 'problems'} to mend before all pipelines can run`;
}
