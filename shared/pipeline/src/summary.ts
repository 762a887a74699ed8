/** @file What is on the screen when a pipeline is done. */
import { printable, printableLine } from '@arrowsmith/errors';
import type { Run } from './ledger/index.ts';
import { duration } from './progress.ts';
import { wrapText } from './wrap-text.ts';

/**
 * The summary of a run as text that a terminal shows as it is, with commands that go on from there.
 * @param description of the pipeline
 * @param isFirst whether the ledger has no other run of the pipeline, which this one could be compared with
 */
export function formatSummary(run: Run, description = '', { isFirst = true }: { isFirst?: boolean } = {}): string {
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
  const next = commandsAfter(run, isFirst);
  const columns = Math.max(...next.map(({ command }) => command.length)) + 3;
  lines.push('', ...next.map(({ command, text }) => `  ${command.padEnd(columns)}${text}`));
  if (run.substitution !== undefined) lines.push('', `!! ${printable(run.substitution)}`);
  return `${lines.join('\n')}\n`;
}

interface NextCommand {
  command: string;
  text: string;
}

/** What a person may want to do next. Each works as it stands here. */
function commandsAfter(run: Run, isFirst: boolean): NextCommand[] {
  const { train, evaluate } = run.stages;
  const { prompts } = (evaluate?.parameters ?? {}) as { prompts?: unknown };
  const prompt: unknown = Array.isArray(prompts) ? prompts[0] : undefined;
  const words = typeof prompt === 'string' && SHELL_SAFE.test(prompt) ? ` "${prompt}"` : '';
  const readsPictures = /"vision":\{/.test(String(train?.metadata['config']));
  const commands = [
    { command: 'npx arrowsmith report', text: 'curves, samples and parameters as a page' },
    isFirst && train !== undefined
      ? { command: `npx arrowsmith run ${run.pipeline} --train.seed=2`, text: 'with another seed, to compare with' }
      : { command: 'npx arrowsmith compare', text: 'what changed since the run before' },
  ];
  if (train === undefined || readsPictures) return commands;
  return [
    { command: `npx arrowsmith generate${words}`, text: 'more of what it writes, from any beginning' },
    ...commands,
  ];
}

/** Text that stands in double quotes in every shell and on one line. */
const SHELL_SAFE = /^[\p{L}\p{N} ,.:;'?-]{1,60}$/u;

const LINE_WIDTH = 100;
