/** @file What is on the screen when a pipeline is done. */
import { printable, printableLine, shellLine, wrapText } from '@arrowsmith/errors';
import type { Run, StepRun } from './ledger/index.ts';
import type { Changes } from './overrides.ts';
import { duration } from './progress.ts';
import { changeFlags } from './rerun-command.ts';
import { substitutionNote } from './substitution-note.ts';

/**
 * The summary of a run as text that a terminal shows as it is, with commands that go on from there.
 * @param description of the pipeline
 * @param options whether the ledger has no other run of the pipeline, which this one could be compared with; and how wide a terminal is that shows it
 */
export function formatSummary(
  run: Run,
  description = '',
  { isFirst = true, columns = Infinity }: { isFirst?: boolean; columns?: number | undefined } = {},
): string {
  const lineWidth = Math.min(LINE_WIDTH, columns - INDENT.length);
  const lines = [
    '',
    printableLine(`pipeline ${run.pipeline} · run ${run.id}${run.name === undefined ? '' : ` (${run.name})`}`),
    ...(description === '' ? [] : wrapText(printable(description), columns)),
    '',
  ];
  const stages = Object.values(run.steps).map(({ stage }) => stage);
  /** Of two steps of a stage, lines say which they are of. */
  const labelled = (step: StepRun, label: string) =>
    stages.filter((stage) => stage === step.stage).length > 1 ? `${step.step}: ${label}` : label;
  const highlights = Object.values(run.steps).flatMap((step) =>
    Object.entries(step.highlights).map(([label, text]) => ({
      label: printableLine(labelled(step, label)),
      text: printable(text),
      isBlock: SAMPLE.test(label) || text.includes('\n') || text.length > LINE_WIDTH,
    })),
  );
  const ofLines = highlights.filter(({ isBlock }) => !isBlock);
  const width = Math.max(...ofLines.map(({ label }) => label.length), 0) + 2;
  for (const { label, text } of ofLines) lines.push(...entry(label, width, text, columns));
  for (const { label, text } of highlights.filter(({ isBlock }) => isBlock))
    lines.push('', `  ${label}`, ...wrapText(text, lineWidth).map((line) => (line === '' ? '' : `${INDENT}${line}`)));
  const names = Math.max(12, ...Object.keys(run.steps).map(({ length }) => length + 2));
  lines.push('', `  ${'step'.padEnd(names)}${'time'.padStart(8)}   artifact`);
  for (const [name, step] of Object.entries(run.steps)) {
    const time = step.cached ? 'cached' : duration(1000 * step.seconds);
    lines.push(`  ${name.padEnd(names)}${time.padStart(8)}   artifacts/${run.pipeline}/${name}`);
  }
  const next = commandsAfter(run, isFirst);
  const commands = Math.max(...next.map(({ command }) => command.length)) + 3;
  lines.push('', ...next.flatMap(({ command, text }) => entry(command, commands, text, columns)));
  if (run.substitution !== undefined) lines.push('', substitutionNote(run.substitution, columns));
  return `${lines.join('\n')}\n`;
}

/** A label and its text, whose lines stand below each other. @param width of the label's column */
function entry(label: string, width: number, text: string, columns: number): string[] {
  // Where little room is left beside the label, the terminal may break the line.
  const room = columns - 2 - width;
  return wrapText(text, room < 20 ? Infinity : room).map(
    (line, i) => `  ${(i === 0 ? label : '').padEnd(width)}${line}`,
  );
}

interface NextCommand {
  command: string;
  text: string;
}

/** What a person may want to do next. Each works as it stands here. */
function commandsAfter(run: Run, isFirst: boolean): NextCommand[] {
  const steps = Object.values(run.steps);
  const models = steps.filter(({ makes }) => makes.includes('model'));
  const seeded = models.find(({ parameters }) => 'seed' in (parameters as object));
  const prompts = steps.map(({ parameters }) => (parameters as { prompts?: unknown }).prompts);
  const prompt: unknown = prompts.find((each) => Array.isArray(each))?.[0];
  const words = typeof prompt === 'string' && SHELL_SAFE.test(prompt) ? ` "${prompt}"` : '';
  const readsPictures = models.some(({ metadata }) => /"vision":\{/.test(String(metadata['config'])));
  const commands = [
    { command: 'npx arrowsmith report', text: 'curves, samples and parameters as a page' },
    isFirst && seeded !== undefined
      ? {
          command: shellLine(['npx', 'arrowsmith', 'run', run.pipeline, ...changeFlags(withSeed(run.changes, seeded))]),
          text: 'with another seed, to compare with',
        }
      : { command: 'npx arrowsmith compare', text: 'what changed since the run before' },
  ];
  if (models.length === 0 || readsPictures) return commands;
  return [
    { command: `npx arrowsmith generate${words}`, text: 'more of what it writes, from any beginning' },
    ...commands,
  ];
}

/** The changed parameters of a run, with the seed after that of a step. */
function withSeed(changes: Changes = {}, { step, parameters }: StepRun): Changes {
  const { seed } = parameters as { seed: unknown };
  return { ...changes, [`${step}.seed`]: Number.isSafeInteger(seed) ? Number(seed) + 1 : 2 };
}

/** Text that stands in double quotes in every shell and on one line. */
const SHELL_SAFE = /^[\p{L}\p{N} ,.:;'?-]{1,60}$/u;

/** The label of what a model wrote, which reads like another metric where it is one line. */
const SAMPLE = /^sample\b/;

/** Of texts, at most, and what stands before each of their lines. */
const LINE_WIDTH = 100;
const INDENT = '    ';
