/** @file What `--help` says of a command: in the words of `npx nx`, or of `npx arrowsmith` where that started it. */
import { outputColumns, wrapText } from '@arrowsmith/errors';
import { helpWidth } from '../help-width.ts';
import type { CommandUsage, OptionUsage, ParsedOption } from './options.ts';

/** How `arrowsmith` calls a command; by ARROWSMITH_USAGE, as JSON. */
export interface ArrowsmithUsage {
  /** What follows its name: `[run run …]`. */
  words: string;
  /** What follows it in an example: `latest~1 latest`. */
  example?: string | undefined;
  /** What else is worth knowing, in a sentence. */
  note?: string | undefined;
}

/** Of the process that asks, and of none that it starts. */
const called = readUsage();

function readUsage(): ArrowsmithUsage | undefined {
  const written = process.env['ARROWSMITH_USAGE'];
  delete process.env['ARROWSMITH_USAGE'];
  return written ? (JSON.parse(written) as ArrowsmithUsage) : undefined;
}

const nxCommand = (name: string): string => `npx nx run pipeline:${name}`;

/** A command as the person called it, without what follows. */
export const commandWords = (name: string): string =>
  called === undefined ? nxCommand(name) : `npx arrowsmith ${name}`;

/** What `--help` says of a command. @param usage how arrowsmith calls it; undefined where Nx does @param columns of the terminal */
export function commandHelp(
  { name, description, options, example }: CommandUsage<Record<string, ParsedOption & OptionUsage>>,
  usage: ArrowsmithUsage | undefined = called,
  columns: number | undefined = outputColumns(),
): string {
  const width = helpWidth(columns);
  const entries = Object.entries(options);
  const words = usage === undefined ? nxCommand(name) : `npx arrowsmith ${name}`;
  const follows = (text: string | undefined): string => (text ? ` ${text}` : '');
  return [
    `${words}${follows(usage?.words)}${entries.length === 0 ? '' : ' [--<option>=<value> …]'}`,
    '',
    ...wrapText(description, width),
    '',
    ...entries.flatMap(([option, { value, description: about, preset, multiple }]) => {
      const note = `${preset === undefined ? '' : `  (default ${preset})`}${multiple === true ? '  (several)' : ''}`;
      const head = `  --${option}${value === undefined ? '' : `=<${value}>`}`;
      const isLong = head.length + note.length > width;
      const below = [about, ...(isLong ? [note.trim()] : [])].flatMap((line) => wrapText(line, width - 6));
      return [isLong ? head : `${head}${note}`, ...below.map((line) => `      ${line}`)];
    }),
    ...(entries.length === 0 ? [] : ['']),
    `For example: ${words}${follows(usage?.example ?? example)}`,
    ...(usage === undefined ? [] : [`Stands for:  ${nxCommand(name)}`]),
    ...(usage?.note === undefined ? [] : ['', ...wrapText(usage.note, width)]),
  ].join('\n');
}
