/** @file A curve in a terminal: braille dots, two by four in each character, or stars where only ASCII is shown. */

export interface PlotSize {
  /** Characters, the axis included. */
  width: number;
  /** Lines, without that of the horizontal axis. */
  height: number;
  unicode: boolean;
}

/** Bits of the dots of a braille character (U+2800), by row and column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** Room of a value on the vertical axis, with what follows it. */
const AXIS = 8;

/**
 * Draws values at equal distances, the first on the left. Where there are more than columns of dots, each column shows the mean of its own.
 *
 * @returns lines, of which none is wider than asked for; none for fewer than two values
 */
export function linePlot(values: readonly number[], { width, height, unicode }: PlotSize): string[] {
  const cells = Math.max(1, width - AXIS);
  const [across, down] = unicode ? [2, 4] : [1, 1];
  const columns = Math.min(cells * across, values.length);
  if (values.length < 2) return [];
  const means = Array.from({ length: columns }, (_, column) => {
    const part = values.slice(
      Math.floor((column * values.length) / columns),
      Math.floor(((column + 1) * values.length) / columns),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [lowest, highest] = [Math.min(...means), Math.max(...means)];
  const rows = height * down;
  const rowOf = (value: number): number =>
    highest === lowest ? rows - 1 : Math.round(((highest - value) / (highest - lowest)) * (rows - 1));

  const marks = Array.from({ length: height }, () => new Uint8Array(cells));
  const mark = (row: number, column: number): void => {
    const bits = unicode ? DOTS[row % down]![column % across]! : 1;
    marks[Math.floor(row / down)]![Math.floor(column / across)]! |= bits;
  };
  // From one value to the next without a gap.
  means.forEach((value, column) => {
    const [from, to] = [rowOf(means[Math.max(0, column - 1)]!), rowOf(value)];
    for (let row = Math.min(from, to); row <= Math.max(from, to); row++)
      if (row !== from || from === to) mark(row, column);
  });
  const character = (bits: number): string =>
    unicode ? String.fromCodePoint(bits === 0 ? 0x20 : 0x2800 + bits) : bits === 0 ? ' ' : '*';
  const [tick, rule] = unicode ? ['┤', '│'] : ['+', '|'];
  return marks.map((line, row) => {
    const value = row === 0 ? highest : row === height - 1 ? lowest : undefined;
    const axis =
      value === undefined ? `${''.padStart(AXIS - 2)}${rule}` : `${value.toFixed(2).padStart(AXIS - 3)} ${tick}`;
    return `${axis} ${Array.from(line, character).join('')}`.trimEnd();
  });
}
