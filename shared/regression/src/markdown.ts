/** @file The gate's report as Markdown: the step summary of a CI run, the comment of a pull request. */
import { describe, describeNoise, formatDeviations, headline, type Report } from './report.ts';

export function toMarkdown(report: Report): string {
  const { pipeline, passed, verdicts, clues, seed, engine, seconds, baseline } = report;
  const failures = verdicts.filter(({ outcome }) => outcome !== 'ok');
  const rows = verdicts.map(({ label, outcome, found, expected, deviations }) => [
    outcome === 'ok' ? label : `**${label}**`,
    found,
    expected,
    deviations === undefined ? '' : formatDeviations(deviations),
    outcome === 'ok' ? 'ok' : `**${outcome}**`,
  ]);
  return [
    `## ${passed ? '✅' : '❌'} Regression gate, pipeline \`${pipeline}\`: ${headline(report)}`,
    '',
    ...(passed ? [] : [...failures.map((verdict) => `- ${escape(describe(verdict))}`), '']),
    ...(passed ? [] : ['Where to look:', '', ...clues.map((clue) => `- ${escape(clue)}`), '']),
    ...(passed ? ['<details><summary>All metrics</summary>', ''] : []),
    row(['metric', 'found', 'expected', 'deviations', '']),
    '| --- | ---: | ---: | ---: | --- |',
    ...rows.map(row),
    '',
    ...(passed ? ['</details>', ''] : []),
    `${describeNoise(baseline)} Seed ${seed}, ${engine}, ${seconds.toFixed(0)} s. Baseline of ${baseline.measured.at.slice(0, 10)}${baseline.measured.commit === undefined ? '' : `, commit \`${baseline.measured.commit.slice(0, 8)}\``}.`,
    ...(passed
      ? []
      : [
          '',
          `If this is meant to be so: \`npx nx run pipeline:baseline --pipeline=${pipeline}\`, and commit the file.`,
        ]),
    '',
  ].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escape).join(' | ')} |`;
}

/** A text within a line of Markdown or a cell of a table: `|` would end the cell, `<` begin a tag. Bold stays. */
function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
