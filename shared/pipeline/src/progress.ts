/** @file Progress of long work: on a terminal one line that redraws itself, elsewhere a line every ten seconds. */
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { printableLine } from '@arrowsmith/errors';
import { clearLine, type LiveOutput, showLine, showsUnicode, terminalColumns } from './live-line.ts';
import type { Progress } from './stage.ts';

const LINE_EVERY_MS = 10_000;
/** Often enough to look alive; each redraw passes through Nx. */
const REDRAW_EVERY_MS = 100;

export interface ProgressOptions {
  total?: number;
  /** `bytes` are shown as kB and MB; other units as they are, e.g. `steps`. */
  unit: string;
}

/** What is known of the work at a moment, as text. */
interface Description {
  amount: string;
  rate: string | undefined;
  left: string | undefined;
  suffix: string | undefined;
}

/** Starts showing the progress of `name` with rate and time left. */
export function startProgress(
  name: string,
  { total, unit }: ProgressOptions,
  output: LiveOutput = process.stdout,
  now: () => number = () => performance.now(),
  env: NodeJS.ProcessEnv = process.env,
): Progress {
  const started = now();
  const label = printableLine(name); // a file's name, for instance
  let first: { done: number; at: number } | undefined; // what an interrupted run did before says nothing about the speed of this one
  const describe = (done: number, suffix: string): Description => {
    first ??= { done, at: now() };
    const seconds = (now() - first.at) / 1000;
    const rate = seconds > 0 ? (done - first.done) / seconds : 0;
    return {
      amount: total === undefined ? amount(done, unit) : `${number(done, unit)} of ${amount(total, unit)}`,
      rate: rate > 0 ? `${amount(rate, unit)}/s` : undefined,
      left: total !== undefined && rate > 0 ? `${duration(Math.ceil((total - done) / rate) * 1000)} left` : undefined,
      suffix: suffix === '' ? undefined : printableLine(suffix),
    };
  };
  let printed = started;
  let last = { done: 0, suffix: '' };
  const isDue = (every: number): boolean => {
    if (now() - printed < every) return false;
    printed = now();
    return true;
  };
  const columns = total === undefined ? undefined : terminalColumns(output, env);
  return {
    update(done, suffix = '') {
      const isFirst = first === undefined;
      last = { done, suffix };
      first ??= { done, at: now() };
      if (columns !== undefined) {
        if (isDue(REDRAW_EVERY_MS) || isFirst)
          showLine(bar(label, done / total!, describe(done, suffix), columns, showsUnicode(env)), columns, output);
        return;
      }
      if (!isDue(LINE_EVERY_MS)) return;
      const { amount: so, rate, left, suffix: more } = describe(done, suffix);
      output.write(`${label}: ${joined([so, rate, left, more])}\n`);
    },
    end() {
      clearLine(output);
      const suffix = last.suffix === '' ? '' : `, ${printableLine(last.suffix)}`;
      output.write(`${label}: ${amount(last.done, unit)} in ${duration(now() - started)}${suffix}\n`);
    },
  };
}

const joined = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(', ');

/** Cells of the bar itself: as many as there is room for. */
const BAR_CELLS = [24, 16, 10];

/** One line of at most `columns` - 1 characters: what matters least is left out first. */
function bar(label: string, share: number, of: Description, columns: number, unicode: boolean): string {
  const done = Math.max(0, Math.min(1, share));
  const percent = `${Math.floor(100 * done)}%`;
  const lines = [
    ...BAR_CELLS.map((cells) => ({ cells, text: joined([of.amount, of.rate, of.suffix, of.left]) })),
    ...BAR_CELLS.map((cells) => ({ cells, text: joined([of.suffix ?? of.amount, of.left]) })),
  ].map(({ cells, text }) => `${label} ${drawn(done, cells, unicode)} ${percent}  ${text}`);
  return lines.find((line) => line.length < columns) ?? lines.at(-1)!;
}

function drawn(share: number, cells: number, unicode: boolean): string {
  const full = Math.round(share * cells);
  return unicode ? '━'.repeat(full) + '─'.repeat(cells - full) : `[${'='.repeat(full)}${' '.repeat(cells - full)}]`;
}

const amount = (value: number, unit: string): string =>
  unit === 'bytes' ? number(value, unit) : `${number(value, unit)} ${unit}`;

function number(value: number, unit: string): string {
  if (unit === 'bytes') return prettyBytes(Math.round(value));
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** A duration for people: `850ms`, `12.3s`, `2m 5s`. */
export function duration(milliseconds: number): string {
  return prettyMilliseconds(
    Math.max(0, milliseconds),
    milliseconds < 60_000 ? { secondsDecimalDigits: 1 } : { secondsDecimalDigits: 0 },
  );
}
