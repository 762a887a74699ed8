/** @file What benchmarks have in common: the median, and tables on the terminal. */

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** Prints rows in columns, the first one flush left and the others flush right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    console.log(`  ${cells.join('  ')}`);
  }
}

/** A number with fixed digits, or a dash where there is none. */
export function fixed(value: number | null | undefined, digits: number): string {
  return value == null || Number.isNaN(value) ? '–' : value.toFixed(digits);
}
