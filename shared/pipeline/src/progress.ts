/** @file Progress of long work: a bar on a terminal, a line every ten seconds elsewhere. */
import { SingleBar } from 'cli-progress';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { printableLine } from '@arrowsmith/errors';
import type { Progress } from './stage.ts';

const LINE_EVERY_MS = 10_000;

export interface ProgressOptions {
  total?: number;
  /** `bytes` are shown as kB and MB; other units as they are, e.g. `steps`. */
  unit: string;
}

/** Where progress is shown; a terminal gets a bar that redraws itself. */
export interface ProgressOutput {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Starts showing the progress of `name` with rate and time left. */
export function startProgress(
  name: string,
  { total, unit }: ProgressOptions,
  output: ProgressOutput = process.stdout,
  now: () => number = () => performance.now(),
): Progress {
  const started = now();
  const label = printableLine(name); // a file's name, for instance
  let first: { done: number; at: number } | undefined; // what an interrupted run did before says nothing about the speed of this one
  const describe = (done: number, suffix: string): string => {
    first ??= { done, at: now() };
    const seconds = (now() - first.at) / 1000;
    const rate = seconds > 0 ? (done - first.done) / seconds : 0;
    const parts = [total === undefined ? amount(done, unit) : `${number(done, unit)} of ${amount(total, unit)}`];
    if (rate > 0) parts.push(`${amount(rate, unit)}/s`);
    if (total !== undefined && rate > 0) parts.push(`${duration(Math.ceil((total - done) / rate) * 1000)} left`);
    if (suffix !== '') parts.push(printableLine(suffix));
    return parts.join(', ');
  };
  if (output.isTTY === true && total !== undefined) {
    const bar = new SingleBar({
      format: `${label} [{bar}] {percentage}%  {text}`,
      barsize: 24,
      hideCursor: true,
      stopOnComplete: false,
      stream: output as NodeJS.WriteStream,
    });
    bar.start(total, 0, { text: '' });
    return {
      update: (done, suffix = '') => bar.update(Math.min(done, total), { text: describe(done, suffix) }),
      end: () => bar.stop(),
    };
  }
  let printed = started;
  let last = { done: 0, suffix: '' };
  return {
    update(done, suffix = '') {
      last = { done, suffix };
      first ??= { done, at: now() };
      if (now() - printed < LINE_EVERY_MS) return;
      printed = now();
      output.write(`${label}: ${describe(done, suffix)}\n`);
    },
    end() {
      const suffix = last.suffix === '' ? '' : `, ${printableLine(last.suffix)}`;
      output.write(`${label}: ${amount(last.done, unit)} in ${duration(now() - started)}${suffix}\n`);
    },
  };
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
