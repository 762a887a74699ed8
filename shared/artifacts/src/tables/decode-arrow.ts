/** @file An Arrow file that is in memory: its record batches, as many as are whole. */
import { RecordBatchReader, type RecordBatch } from 'apache-arrow';
import type { TableKind } from './kinds.ts';

const MAGIC = 'ARROW1';

/** The magic word and its padding; what follows, up to the footer, is an Arrow stream. */
const MAGIC_BYTES = 8;

/**
 * The record batches of an Arrow file, without copying. Where its end is cut off, those before the cut are found by reading it as a stream.
 * @returns `damage` says what is wrong with the file, where something is
 * @throws Error when it is no Arrow file, or one of another kind or version
 */
export function decodeArrow(
  bytes: Uint8Array,
  { kind, version }: Pick<TableKind, 'kind' | 'version'>,
): { batches: RecordBatch[]; damage?: string } {
  const ends = [bytes.subarray(0, MAGIC.length), bytes.subarray(-MAGIC.length)];
  const [begins, closed] = ends.map((end) => Buffer.from(end).toString('latin1') === MAGIC);
  if (begins !== true) throw new Error(`not an Arrow file (${bytes.length} bytes)`);
  const stream = bytes.subarray(MAGIC_BYTES);
  const { batches, error } = readBatchesOf(closed === true ? bytes : stream);
  const metadata = batches[0]?.schema.metadata;
  const found = `kind "${metadata?.get('kind')}" version ${metadata?.get('version')}`;
  const expected = `kind "${kind}" version ${version}`;
  if (batches.length > 0 && found !== expected) throw new Error(`${found} instead of ${expected}`);
  if (closed !== true) return { batches, damage: `a file that is cut off after ${bytes.length} bytes` };
  return error === undefined ? { batches } : { batches, damage: error };
}

/** All that can be read before the first error. */
function readBatchesOf(bytes: Uint8Array): { batches: RecordBatch[]; error?: string } {
  const batches: RecordBatch[] = [];
  try {
    for (const batch of RecordBatchReader.from(bytes).open()) batches.push(batch);
    return { batches };
  } catch (error) {
    return { batches, error: (error as Error).message };
  }
}
