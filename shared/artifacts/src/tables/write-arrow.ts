/** @file Writes Arrow IPC files batch by batch with back-pressure, with typed schema metadata. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type RecordBatch, RecordBatchFileWriter, Schema } from 'apache-arrow';

/** What every table of this project says about itself in its schema metadata, beside its own keys. */
export interface TableMetadata {
  /** What the table is, e.g. `documents`, `weights`. */
  kind: string;
  /** Version of the schema of that kind. */
  version: string;
  [key: string]: string;
}

/** Writes to a file descriptor at once: apache-arrow's own queue would hold a whole corpus in memory (its issue #139). */
class FileWriter extends RecordBatchFileWriter {
  #descriptor: number;

  constructor(descriptor: number) {
    super();
    this.#descriptor = descriptor;
  }

  protected override _write(chunk: ArrayBufferView): this {
    const data = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let written = 0;
    while (written < data.length) written += writeSync(this.#descriptor, data, written);
    this._position += data.length;
    return this;
  }
}

/** The schema of a table with its metadata. Key order is kept, so equal metadata give equal bytes. */
export function tableSchema(fields: Schema['fields'], metadata: TableMetadata): Schema {
  return new Schema(fields, new Map(Object.entries(metadata)));
}

/**
 * Writes an Arrow IPC file ("Feather V2"), uncompressed so that it can be memory-mapped. Batches are written as they come;
 * only one is in memory.
 * @returns rows written
 */
export async function writeArrowFile(
  path: string,
  schema: Schema,
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>,
): Promise<{ rows: number }> {
  const descriptor = openSync(path, 'w');
  try {
    const writer = new FileWriter(descriptor);
    writer.reset(undefined, schema);
    let rows = 0;
    for await (const batch of batches) {
      writer.write(batch);
      rows += batch.numRows;
    }
    writer.finish();
    fsyncSync(descriptor);
    return { rows };
  } finally {
    closeSync(descriptor);
  }
}
