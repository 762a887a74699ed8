/** @file A noisy line as its trend and the band in which it moves. */

/** A line that goes up and down by more than this many times its range is noise around a trend. */
const NOISE = 5;

/** Points that are averaged: one of this many of the whole line. */
const WINDOWS = 100;

/**
 * The mean around each point, if the line is noisy; else undefined.
 * @returns the means and how many points each is of; at the ends they are of fewer
 */
export function smooth(values: readonly number[]): { means: number[]; points: number } | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2 * WINDOWS) return undefined;
  let [least, most, travelled] = [finite[0]!, finite[0]!, 0];
  for (const [i, value] of finite.entries()) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    travelled += Math.abs(value - finite[Math.max(0, i - 1)]!);
  }
  if (travelled <= NOISE * (most - least)) return undefined;

  const reach = Math.max(1, Math.round(values.length / WINDOWS / 2));
  const sums = new Float64Array(values.length + 1); // of the finite values before
  const counts = new Int32Array(values.length + 1);
  for (const [i, value] of values.entries()) {
    const isCounted = Number.isFinite(value);
    sums[i + 1] = sums[i]! + (isCounted ? value : 0);
    counts[i + 1] = counts[i]! + (isCounted ? 1 : 0);
  }
  const means = values.map((value, i) => {
    if (!Number.isFinite(value)) return NaN; // a gap stays a gap
    const [from, to] = [Math.max(0, i - reach), Math.min(values.length, i + reach + 1)];
    return (sums[to]! - sums[from]!) / (counts[to]! - counts[from]!);
  });
  return { means, points: 2 * reach + 1 };
}

/** The range of the values of each interval, so that a band shows what a line of more points than pixels would smear. */
export interface Band {
  /** The first and last x of the intervals, which follow each other. */
  x: number[];
  least: number[];
  most: number[];
}

/** @param intervals at most so many */
export function bandOf(x: readonly number[], y: readonly number[], intervals: number): Band {
  const length = Math.max(1, Math.ceil(y.length / intervals));
  const band: Band = { x: [], least: [], most: [] };
  for (let from = 0; from < y.length; from += length) {
    const values = y.slice(from, from + length + 1).filter(Number.isFinite); // up to the next one, to leave no gap
    const [least, most] = values.length === 0 ? [NaN, NaN] : [Math.min(...values), Math.max(...values)];
    band.x.push(x[from]!, x[Math.min(from + length, x.length - 1)]!);
    band.least.push(least, least);
    band.most.push(most, most);
  }
  return band;
}
