/** @file Keeps what a benchmark measured as an Arrow table, artifacts/bench/<name>.arrow. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Column, optionalNumbers, strings, writeTable } from '@arrowsmith/artifacts';
import { Field } from 'apache-arrow';

/** One measurement; all rows of a table have the same keys. A column with a string in its first row has strings only. */
export type BenchRow = Readonly<Record<string, string | number | null>>;

const FOLDER = 'artifacts/bench';

/**
 * Writes the rows and says where. The table's kind is `bench-<name>`; its columns are the keys of the rows.
 *
 * @param metadata what holds for all rows
 */
export async function writeBenchTable(
  name: string,
  rows: readonly BenchRow[],
  metadata: Record<string, string | number> = {},
): Promise<void> {
  const columns = Object.fromEntries(Object.keys(rows[0] ?? {}).map((key) => [key, columnOf(rows, key)]));
  const fields = Object.entries(columns).map(([key, { type }]) => new Field(key, type, true));
  const about = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
  const path = join(FOLDER, `${name}.arrow`);
  await mkdir(FOLDER, { recursive: true });
  await writeTable(path, { kind: `bench-${name}`, version: '1', fields }, about, [columns]);
  console.log(`\n  written to ${path}`);
}

function columnOf(rows: readonly BenchRow[], key: string): Column {
  if (typeof rows[0]![key] === 'string') return strings(rows.map((row) => row[key] as string));
  return optionalNumbers(rows.map((row) => (row[key] as number | null) ?? undefined));
}
