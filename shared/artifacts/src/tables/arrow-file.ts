/** @file Arrow IPC files: written batch by batch with back-pressure, read batch by batch, with typed schema metadata. */
import { type FileHandle, open } from 'node:fs/promises';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { RecordBatchFileWriter, RecordBatchReader, Schema, type RecordBatch } from 'apache-arrow';
import { UserError } from '@arrowsmith/errors';

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

/**
 * The schema metadata of an Arrow file, checked to be of the expected kind.
 * @throws UserError when the file is missing, is not an Arrow file, is truncated, or is of another kind
 */
export async function readMetadata(path: string, kind: string): Promise<TableMetadata> {
  const { metadata, close } = await openArrowFile(path, kind);
  await close();
  return metadata;
}

/**
 * The columns' types and the metadata of an Arrow file of any kind.
 * @throws UserError when the file is missing, is not an Arrow file, or is truncated
 */
export async function readSchema(
  path: string,
): Promise<{ columns: Record<string, string>; metadata: Record<string, string> }> {
  const { reader, metadata, close } = await openArrowFile(path);
  await close();
  const columns = reader.schema.fields.map(({ name, type, nullable }) => [name, `${type}${nullable ? ' or null' : ''}`]);
  return { columns: Object.fromEntries(columns) as Record<string, string>, metadata };
}

/**
 * The record batches of an Arrow file in order, one in memory at a time.
 * @throws UserError when the file is missing, is not an Arrow file, is truncated, or is of another kind
 */
export async function* readBatches(path: string, kind: string): AsyncGenerator<RecordBatch> {
  const { reader, close } = await openArrowFile(path, kind);
  try {
    const iterator = reader[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => {
        throw unreadable(path, kind, error);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await close();
  }
}

/** @param kind any by default */
async function openArrowFile(path: string, kind?: string) {
  let handle: FileHandle | undefined;
  const close = async () => handle?.close().catch(() => undefined); // the reader may have closed it at the end
  try {
    handle = await open(path);
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    const metadata = Object.fromEntries(reader.schema.metadata) as TableMetadata;
    if (kind !== undefined && metadata.kind !== kind) throw otherKind(path, kind, metadata.kind);
    return { reader, metadata, close };
  } catch (error) {
    await close();
    throw error instanceof UserError ? error : unreadable(path, kind ?? 'any', error);
  }
}

function otherKind(path: string, kind: string, found: string | undefined): UserError {
  return new UserError({
    what: `${path} is not the kind of table that is needed`,
    expected: `an Arrow file of kind "${kind}"`,
    found: found === undefined ? 'a file without a kind' : `kind "${found}"`,
    fix: 'name an artifact of the right stage',
  });
}

function unreadable(path: string, kind: string, cause: unknown): UserError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new UserError(
    {
      what: `cannot read ${path}`,
      expected: `an Arrow IPC file of kind "${kind}"`,
      found: missing ? 'no such file' : `a file that is truncated or not Arrow (${(cause as Error).message})`,
      fix: 'run the stage that writes it again',
    },
    { cause },
  );
}
