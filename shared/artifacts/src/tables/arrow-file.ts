/** @file Reads Arrow IPC files batch by batch. What a file claims is checked before it is believed (verify-arrow.ts, check-batch.ts). */
import { type FileHandle, open } from 'node:fs/promises';
import { type Field, type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { refusePipe, UserError } from '@arrowsmith/errors';
import { checkBatch } from './check-batch.ts';
import { mismatch } from './known-columns.ts';
import { verifyArrowFile } from './verify-arrow.ts';
import type { TableMetadata } from './write-arrow.ts';

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
 * @param anyColumns read it though columns of its kind are missing
 * @throws UserError when the file is missing, is not an Arrow file, is truncated, is of another kind, or has not that kind's columns
 */
export async function* readBatches(
  path: string,
  kind: string,
  { anyColumns = false }: { anyColumns?: boolean } = {},
): AsyncGenerator<RecordBatch> {
  const { reader, metadata, close } = await openArrowFile(path, kind);
  try {
    if (!anyColumns) within(path, kind, () => checkColumns(reader.schema.fields, metadata));
    const iterator = reader[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => {
        throw unreadable(path, kind, error);
      });
      if (next.done === true) return;
      within(path, kind, () => checkBatch(next.value, reader.schema.fields));
      yield next.value;
    }
  } finally {
    await close();
  }
}

/**
 * Opens an Arrow file whose metadata holds together.
 * @param kind any by default
 */
export async function openArrowFile(path: string, kind?: string) {
  refusePipe(path);
  let handle: FileHandle | undefined;
  const close = async () => handle?.close().catch(() => undefined); // the reader may have closed it at the end
  try {
    handle = await open(path);
    await verify(handle);
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    const metadata = Object.fromEntries(reader.schema.metadata) as TableMetadata;
    if (kind !== undefined && metadata.kind !== kind) throw otherKind(path, kind, metadata.kind);
    return { reader, metadata, close };
  } catch (error) {
    await close();
    throw error instanceof UserError ? error : unreadable(path, kind, error);
  }
}

async function verify(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const read = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    await handle.read(bytes, 0, length, position);
    return bytes;
  };
  await verifyArrowFile({ size, read });
}

/** @throws Error where a table is not what one of its kind must be: of another version, or without a column */
export function checkColumns(fields: readonly Field[], metadata: TableMetadata): void {
  const wrong = mismatch(fields, metadata);
  if (wrong !== undefined) throw new Error(wrong);
}

/** Runs what reads a file: whatever fails in it, fails because of the file. */
export function within<T>(path: string, kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, kind, error);
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

function unreadable(path: string, kind: string | undefined, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isSystem = code !== undefined && !code.startsWith('ERR_');
  if (isSystem && code !== 'ENOENT' && code !== 'EISDIR') return cause as Error; // the disk, not the file
  const damaged = `a file that is truncated or not Arrow (${message})`;
  return new UserError(
    {
      what: `cannot read ${path}`,
      expected: kind === undefined ? 'an Arrow IPC file' : `an Arrow IPC file of kind "${kind}"`,
      found: code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : damaged,
      fix: 'run the stage that writes it again',
    },
    { cause },
  );
}
