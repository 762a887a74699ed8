/**
 * @file The digest of a run in a file of its own: over the values of its columns, so that it can stand in the metadata of the same file. What is
 * not a value, such as padding, may change without changing the run.
 */
import { createHash } from 'node:crypto';
import { type Column, recordBatch, type RecordBatch, type TableKind, tableSchema } from '@arrowsmith/artifacts';

/** What the metadata of a file of one run may hold: `sha256` since there are digests. */
const METADATA: readonly string[] = ['kind', 'version', 'sha256'];

/** The digest of columns that are about to be written. */
export function checksum({ kind, version, fields }: TableKind, columns: Record<string, Column>): string {
  return digestOfBatch(recordBatch(tableSchema(fields, { kind, version }), columns));
}

/** @returns how a record batch that was read differs from what was written; undefined where it does not, or was written without a digest */
export function changedSinceWritten(batch: RecordBatch): string | undefined {
  const { metadata } = batch.schema;
  const unknown = [...metadata.keys()].find((key) => !METADATA.includes(key));
  if (unknown !== undefined) return `metadata that no run has: ${unknown}`;
  const expected = metadata.get('sha256');
  if (expected === undefined) return undefined;
  const found = digestOfBatch(batch);
  return found === expected
    ? undefined
    : `it was changed since it was written: the sha256 of its values is ${found}, not ${expected}`;
}

function digestOfBatch(batch: RecordBatch): string {
  const hash = createHash('sha256');
  for (const { name } of batch.schema.fields) {
    const column = batch.getChild(name)!;
    for (let row = 0; row < batch.numRows; row++) hash.update(`${JSON.stringify([name, plain(column.get(row))])}\n`);
  }
  return hash.digest('hex');
}

/** A value of a column as JSON that tells all values apart, numbers that JSON does not know included. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `integer ${value}`;
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return `number ${Object.is(value, -0) ? '-0' : value}`;
  if (typeof value !== 'object' || value === null) return value;
  if (Symbol.iterator in value && 'length' in value) return Array.from(value as Iterable<unknown>, plain);
  const struct = 'toJSON' in value ? (value as { toJSON(): object }).toJSON() : value;
  return Object.entries(struct).map(([name, child]) => [name, plain(child)]);
}
