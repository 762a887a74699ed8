/** @file The gate's report as Markdown: the step summary of a CI run, the comment of a pull request. */
import { code, type Markdown, markdown, markdownTable } from '@arrowsmith/reporting/markdown';
import type { Clue } from './clues.ts';
import { describe, describeNoise, formatDeviations, headline, type Report } from './report.ts';

export function toMarkdown(report: Report): string {
  const { pipeline, passed, verdicts, clues, seed, engine, seconds, baseline } = report;
  const failures = verdicts.filter(({ outcome }) => outcome !== 'ok');
  const rows = verdicts.map(({ label, outcome, found, expected, deviations }) => [
    outcome === 'ok' ? label : markdown`**${label}**`,
    found,
    expected,
    deviations === undefined ? '' : formatDeviations(deviations),
    outcome === 'ok' ? 'ok' : markdown`**${outcome}**`,
  ]);
  const table = markdownTable(
    [
      { title: 'metric' },
      { title: 'found', align: 'right' },
      { title: 'expected', align: 'right' },
      { title: 'deviations', align: 'right' },
      { title: '' },
    ],
    rows,
  );
  const { at, commit } = baseline.measured;
  const source = commit !== undefined && markdown`, commit ${code(commit.slice(0, 8))}`;
  const renew = code(`npx nx run pipeline:baseline --pipeline=${pipeline}`);
  const lines: (Markdown | string)[] = [
    markdown`## ${passed ? '✅' : '❌'} Regression gate, pipeline ${code(pipeline)}: ${headline(report)}`,
    '',
    ...(passed ? [] : [...failures.map((verdict) => markdown`- ${describe(verdict)}`), '']),
    ...(passed ? [] : ['Where to look:', '', ...clues.map(clueLine), '']),
    ...(passed ? ['<details><summary>All metrics</summary>', ''] : []),
    ...table,
    '',
    ...(passed ? ['</details>', ''] : []),
    markdown`${describeNoise(baseline)} Seed ${seed}, ${engine}, ${seconds.toFixed(0)} s. Baseline of ${at.slice(0, 10)}${source}.`,
    ...(passed ? [] : ['', markdown`If this is meant to be so: ${renew}, and commit the file.`]),
    '',
  ];
  return lines.map((line) => (typeof line === 'string' ? line : line.text)).join('\n');
}

const clueLine = ({ text, command }: Clue): Markdown =>
  markdown`- ${text}${command !== undefined && markdown`: ${code(command)}`}`;
