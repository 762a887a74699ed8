/**
 * @file The digest of a run in a file of its own: over the values of its columns, so that it can stand in the metadata of the same file. What is
 * not a value, such as padding, may change without changing the run.
 */
import { createHash } from 'node:crypto';
import {
  type Column,
  readStructLists,
  recordBatch,
  type RecordBatch,
  type TableKind,
  tableSchema,
} from '@arrowsmith/artifacts';

/** What the metadata of a file of one run may hold: `sha256` since there are digests. */
const METADATA: readonly string[] = ['kind', 'version', 'sha256'];

/** The digest of columns that are about to be written. */
export function checksum({ kind, version, fields }: TableKind, columns: Record<string, Column>): string {
  return digestOfBatch(recordBatch(tableSchema(fields, { kind, version }), columns));
}

/** What the digest of a record batch tells: its values are those that were written, or are not, or were written without a digest. */
export type Soundness = 'sound' | 'unknown' | { changed: string };

/** Holds what was read against the digest that was written with it. */
export function soundness(batch: RecordBatch): Soundness {
  const { metadata } = batch.schema;
  const unknown = [...metadata.keys()].find((key) => !METADATA.includes(key));
  if (unknown !== undefined) return { changed: `metadata that no run has: ${unknown}` };
  const expected = metadata.get('sha256');
  if (expected === undefined) return 'unknown';
  const found = digestOfBatch(batch);
  if (found === expected) return 'sound';
  return { changed: `it was changed since it was written: the sha256 of its values is ${found}, not ${expected}` };
}

function digestOfBatch(batch: RecordBatch): string {
  const lines = batch.schema.fields.flatMap(({ name }) => {
    const value = valuesOf(batch, name);
    return Array.from({ length: batch.numRows }, (_, row) => `${JSON.stringify([name, value(row)])}\n`);
  });
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** The values of a column, in which a list of structs is one of lists of names and values. */
function valuesOf(batch: RecordBatch, name: string): (row: number) => unknown {
  const column = batch.getChild(name)!;
  if (column.numChildren === 0) return (row) => plain(column.get(row));
  const { offsets, columns } = readStructLists(batch, name);
  const fields = Object.entries(columns);
  const structAt = (at: number) => fields.map(([field, child]) => [field, plain(child.get(at))]);
  return (row) => {
    if (!column.isValid(row)) return null;
    const [begin, end] = [offsets[row]!, offsets[row + 1]!];
    return Array.from({ length: end - begin }, (_, i) => structAt(begin + i));
  };
}

/** A value as JSON that tells all values apart, numbers that JSON does not know included. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `integer ${value}`;
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return `number ${Object.is(value, -0) ? '-0' : value}`;
  return value;
}
