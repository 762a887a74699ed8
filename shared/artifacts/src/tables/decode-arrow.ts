/** @file An Arrow file that is in memory: its record batches, as many as are whole. */
import { DataType, makeVector, type RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema, type Vector } from 'apache-arrow';
import { checkBatch } from './check-batch.ts';
import { soundLength, verifyArrowFile } from './verify-arrow.ts';
import type { TableKind } from './kinds.ts';

const MAGIC = 'ARROW1';

/** What ends an Arrow stream: a mark and a length of 0. */
const END_BYTES = 8;

/** The magic word and its padding; record batches follow. */
const MAGIC_BYTES = 8;

/**
 * The record batches of an Arrow file, without copying. Where its end is cut off, and with it the schema, those before the cut are read by the
 * schema of their kind.
 * @returns `damage` says what is wrong with the file, where something is
 * @throws Error when it is no Arrow file, or one of another kind or version
 */
export async function decodeArrow(
  bytes: Uint8Array,
  { kind, version, fields }: TableKind,
): Promise<{ batches: RecordBatch[]; damage?: string }> {
  const ends = [bytes.subarray(0, MAGIC.length), bytes.subarray(-MAGIC.length)];
  const [begins, closed] = ends.map((end) => Buffer.from(end).toString('latin1') === MAGIC);
  if (begins !== true) throw new Error(`not an Arrow file (${bytes.length} bytes)`);
  if (closed !== true) {
    const sound = bytes.subarray(MAGIC_BYTES, soundLength(bytes, MAGIC_BYTES));
    const stream = Buffer.concat([schemaMessage(fields), sound]);
    return { batches: readBatchesOf(stream).batches, damage: `a file that is cut off after ${bytes.length} bytes` };
  }
  try {
    await verifyArrowFile({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) });
  } catch (error) {
    return { batches: [], damage: (error as Error).message };
  }
  const { batches, error } = readBatchesOf(bytes);
  const metadata = batches[0]?.schema.metadata;
  const found = `kind "${metadata?.get('kind')}" version ${metadata?.get('version')}`;
  const expected = `kind "${kind}" version ${version}`;
  if (batches.length > 0 && found !== expected) throw new Error(`${found} instead of ${expected}`);
  return error === undefined ? { batches } : { batches, damage: error };
}

/** What begins an Arrow stream. */
function schemaMessage(fields: Schema['fields']): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, new Schema(fields));
  writer.finish();
  const stream = writer.toUint8Array(true);
  return stream.subarray(0, stream.length - END_BYTES);
}

/** All that can be read before the first error. */
function readBatchesOf(bytes: Uint8Array): { batches: RecordBatch[]; error?: string } {
  const batches: RecordBatch[] = [];
  try {
    const reader = RecordBatchReader.from(bytes).open();
    for (const batch of reader) {
      checkBatch(batch, reader.schema.fields);
      batches.push(batch);
    }
    return { batches };
  } catch (error) {
    return { batches, error: (error as Error).message };
  }
}

/**
 * Reads a column of texts row by row. What stands in several rows in a row is decoded once.
 * @throws Error when there is no such column
 */
export function readTexts(batch: RecordBatch, name: string): (row: number) => string | null {
  const data = batch.getChild(name)?.data[0];
  if (data === undefined || !DataType.isUtf8(data.type)) throw new Error(`there is no column ${name} of texts`);
  const { valueOffsets: offsets, values, nullCount } = data;
  if (nullCount === data.length) return () => null;
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  let [from, to, text] = [0, 0, '']; // the text before, and where it stands
  const isRepeated = (begin: number, end: number): boolean => {
    if (end - begin !== to - from) return false;
    for (let i = end - 1, j = to - 1; i >= begin; i--, j--) if (bytes[i] !== bytes[j]) return false;
    return true;
  };
  return (row) => {
    if (nullCount > 0 && !data.getValid(row)) return null;
    const [begin, end] = [offsets[row]!, offsets[row + 1]!];
    if (!isRepeated(begin, end)) {
      text = bytes.toString('utf8', begin, end);
      [from, to] = [begin, end];
    }
    return text;
  };
}

/** A column of lists of structs: row i has the structs from offsets[i] to before offsets[i + 1] of the columns. */
export interface StructLists {
  offsets: Int32Array;
  /** Of all lists together, by field of the struct. */
  columns: Record<string, Vector>;
}

/**
 * Reads a column of lists of structs by its columns, which is much faster than struct by struct.
 * @throws Error when there is no such column
 */
export function readStructLists(batch: RecordBatch, name: string): StructLists {
  const list = batch.getChild(name)?.data[0];
  const struct = list?.children[0];
  if (list === undefined || struct === undefined) throw new Error(`there is no column ${name}`);
  const fields = struct.type.children as { name: string }[];
  return {
    offsets: list.valueOffsets as Int32Array,
    columns: Object.fromEntries(fields.map((field, i) => [field.name, makeVector(struct.children[i]!)])),
  };
}
