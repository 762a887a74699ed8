/**
 * @file Rows of an Arrow file by their position: where each column's values lie is read from the footer once, and a row is read with
 * `read(2)` at its place. Files are uncompressed, so nothing but the rows asked for comes into memory.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DataType, type Field, Message, RecordBatchReader } from 'apache-arrow';
import { refusePipe, UserError } from '@arrowsmith/errors';
import { checkColumns, readMetadata, within as withinFile } from './arrow-file.ts';
import type { TableMetadata } from './write-arrow.ts';

/** Where bytes lie in a file. */
export interface Region {
  position: number;
  bytes: number;
}

/** The places of a table's columns. */
export interface TableLayout {
  metadata: TableMetadata;
  batches: BatchLayout[];
}

export interface BatchLayout {
  /** The first row's number in the table. */
  firstRow: number;
  rows: number;
  /** Buffers by column: `name` for values, `name.offsets` for where texts and lists begin, `name.item` for a list's elements. */
  columns: ReadonlyMap<string, Region>;
}

/**
 * Reads where the columns of a table lie.
 * @throws UserError when the file is missing, is not an Arrow file, is truncated, or is of another kind
 */
export async function readLayout(path: string, kind: string): Promise<TableLayout> {
  const metadata = await readMetadata(path, kind);
  refusePipe(path);
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    const { footer, schema } = reader as typeof reader & { footer: Footer };
    withinFile(path, kind, () => checkColumns(schema.fields, metadata));
    const names = schema.fields.flatMap((field) => bufferNames(field, field.name));
    const batches: BatchLayout[] = [];
    let firstRow = 0;
    for (let index = 0; index < footer.numRecordBatches; index++) {
      const { offset, metaDataLength, bodyLength } = footer.getRecordBatch(index)!;
      const head = new Uint8Array(metaDataLength);
      await handle.read(head, 0, metaDataLength, offset);
      // Four bytes of continuation mark and four of the header's length come before the header.
      const header = Message.decode(head.subarray(8)).header() as unknown as BatchHeader;
      const body = offset + metaDataLength;
      if (body + bodyLength > size) throw cut(path, body + bodyLength, size);
      const regions = header.buffers.map((buffer) => ({ position: body + buffer.offset, bytes: buffer.length }));
      if (regions.length !== names.length) throw damaged(path, `${regions.length} buffers`, `${names.length} buffers`);
      const columns = new Map(names.map((name, i) => [name, regions[i]!]));
      batches.push({ firstRow, rows: header.length, columns });
      firstRow += header.length;
    }
    return { metadata, batches };
  } finally {
    await handle.close().catch(() => undefined); // the reader may have closed it
  }
}

interface Footer {
  numRecordBatches: number;
  getRecordBatch(index: number): { offset: number; metaDataLength: number; bodyLength: number } | null;
}

interface BatchHeader {
  length: number;
  buffers: { offset: number; length: number }[];
}

/** The buffers of a column in the order of the Arrow format: validity, offsets, values, and its children's. */
function bufferNames({ type }: Field, name: string): string[] {
  const validity = `${name}.validity`;
  if (DataType.isFixedSizeList(type)) return [validity, ...bufferNames(type.children[0]!, `${name}.item`)];
  if (DataType.isList(type)) return [validity, `${name}.offsets`, ...bufferNames(type.children[0]!, `${name}.item`)];
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return [validity, `${name}.offsets`, name];
  return [validity, name];
}

/** Reads pieces of a file into memory that the caller provides. */
export type ReadAt = (into: NodeJS.ArrayBufferView, position: number) => void;

/**
 * Opens a file while `work` runs.
 * @throws UserError when a piece lies beyond the file's end
 */
export function withFile<T>(path: string, work: (readAt: ReadAt) => T): T {
  refusePipe(path);
  const descriptor = openSync(path, 'r');
  try {
    return work((into, position) => {
      let done = 0;
      while (done < into.byteLength) {
        const read = readSync(descriptor, into, done, into.byteLength - done, position + done);
        if (read === 0) throw cut(path, position + into.byteLength, fstatSync(descriptor).size);
        done += read;
      }
    });
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads where a text or a list of a row lies among its column's values.
 * @returns its first and the one after its last
 * @throws UserError when that is not within the values
 */
export function readRange(path: string, readAt: ReadAt, { columns }: BatchLayout, column: string, row: number): [number, number] {
  const offsets = new Int32Array(2);
  readAt(offsets, columns.get(`${column}.offsets`)!.position + 4 * row);
  const [begin, end] = [offsets[0]!, offsets[1]!];
  const most = (columns.get(`${column}.item`) ?? columns.get(column)!).bytes; // of at least a byte each
  if (begin < 0 || end < begin || end > most) throw damaged(path, `values from ${begin} to ${end} of ${column}`, `at most ${most}`);
  return [begin, end];
}

function damaged(path: string, found: string, expected: string): UserError {
  return new UserError({ what: `cannot read ${path}`, expected, found, fix: 'run the stage that writes it again' });
}

function cut(path: string, expected: number, found: number): UserError {
  return new UserError({
    what: `cannot read ${path}`,
    expected: `at least ${expected} bytes`,
    found: `a file that is truncated: ${found} bytes`,
    fix: 'run the stage that writes it again',
  });
}
