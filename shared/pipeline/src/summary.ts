/** @file What is on the screen when a pipeline is done. */
import { printable, printableLine } from '@arrowsmith/errors';
import type { Run } from './ledger/index.ts';
import { duration } from './progress.ts';
import { wrapText } from './wrap-text.ts';

/** The summary of a run as text that a terminal shows as it is. @param description of the pipeline */
export function formatSummary(run: Run, description = ''): string {
  const lines = [
    '',
    printableLine(`pipeline ${run.pipeline} · run ${run.id}${run.name === undefined ? '' : ` (${run.name})`}`),
    ...(description === '' ? [] : [printable(description)]),
    '',
  ];
  const highlights = Object.values(run.stages).flatMap((stage) =>
    Object.entries(stage.highlights).map(([label, text]) => [printableLine(label), printable(text)] as const),
  );
  const isBlock = (text: string): boolean => text.includes('\n') || text.length > LINE_WIDTH;
  const width = Math.max(...highlights.map(([label, text]) => (isBlock(text) ? 0 : label.length)), 0) + 2;
  for (const [label, text] of highlights) {
    if (isBlock(text))
      lines.push('', `  ${label}`, ...wrapText(text, LINE_WIDTH).map((line) => (line === '' ? '' : `    ${line}`)));
    else lines.push(`  ${label.padEnd(width)}${text}`);
  }
  lines.push('', `  ${'stage'.padEnd(12)}${'time'.padStart(8)}   artifact`);
  for (const [name, stage] of Object.entries(run.stages)) {
    const time = stage.cached ? 'cached' : duration(1000 * stage.seconds);
    lines.push(`  ${name.padEnd(12)}${time.padStart(8)}   artifacts/${run.pipeline}/${name}`);
  }
  if (run.substitution !== undefined) lines.push('', `!! ${printable(run.substitution)}`);
  return `${lines.join('\n')}\n`;
}

const LINE_WIDTH = 100;
