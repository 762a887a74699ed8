/** @file Apache Parquet: one column of strings, read row group by row group. */

import * as zlib from 'node:zlib';
import { setImmediate } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import type { Compressors } from 'hyparquet';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { decodeUtf8 } from './utf8.ts';

type Decompress = (input: Uint8Array) => Buffer;

/** Zstandard came to node:zlib with Node 22.15. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: Decompress };

/** What Node can decompress; the reader itself knows Snappy. */
const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...(zstdDecompressSync && { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }),
};
const readable = new Set<string>(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)]);

/** Rows per batch: a turn of the event loop every few milliseconds. */
const BATCH_ROWS = 4096;

/**
 * The documents of one string column. Memory is bounded by the column's largest row group. Rows that are empty or null are
 * left out.
 *
 * @throws {UserError} for a file that is not Parquet or damaged, a column that is missing or not of strings, a compression
 *   that cannot be read, and text that is not UTF-8
 */
export async function* readParquet(
  file: CorpusFile,
  field: string,
  { signal, onRead, onInvalidUtf8 }: ReadOptions,
): AsyncGenerator<string[]> {
  const rethrow = (error: unknown): never => {
    throw damaged(file, error);
  };
  const buffer = await asyncBufferFromFile(file.path);
  const metadata = await parquetMetadataAsync(buffer).catch(rethrow);
  checkColumn(file, field, metadata);

  const scan = await parquetScan({
    file: buffer,
    metadata,
    columns: [field],
    compressors,
    // Strings stay bytes here, so that decoding can be strict.
    utf8: false,
    parsers: { stringFromBytes: (bytes: Uint8Array) => bytes },
  }).catch(rethrow);
  for (const range of scan.ranges) {
    const rows = await scan.readColumn({ column: field, ...range }).catch(rethrow);
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      signal?.throwIfAborted();
      const batch: string[] = [];
      const end = Math.min(at + BATCH_ROWS, rows.length);
      for (let row = at; row < end; row++) {
        const bytes: Uint8Array | null | undefined = rows[row];
        if (!bytes || bytes.length === 0) continue;
        const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        batch.push(decodeUtf8(view, `${file.name}, row ${range.rowStart + row + 1}`, 0, onInvalidUtf8));
      }
      onRead?.(Math.round((file.bytes * (range.rowStart + end)) / Number(metadata.num_rows)));
      yield batch;
      await setImmediate();
    }
  }
}

function damaged(file: CorpusFile, error: unknown): UserError {
  return new UserError(
    {
      what: `${file.name}: not a readable Parquet file`,
      where: file.path,
      found: error instanceof Error ? error.message : String(error),
      fix: 'check the format of the source',
    },
    { cause: error },
  );
}

function checkColumn(
  file: CorpusFile,
  field: string,
  metadata: Awaited<ReturnType<typeof parquetMetadataAsync>>,
): void {
  const columns = parquetSchema(metadata).children;
  const column = columns.find(({ element }) => element.name === field);
  if (!column) {
    throw new UserError({
      what: `${file.name}: no column "${field}"`,
      found: `the columns ${columns.map(({ element }) => element.name).join(', ')}`,
      fix: 'set the field of the source to the column that holds the text',
    });
  }
  const { type, repetition_type: repetition, converted_type: converted, logical_type: logical } = column.element;
  const strings = type === 'BYTE_ARRAY' && (converted ?? 'UTF8') === 'UTF8' && (logical?.type ?? 'STRING') === 'STRING';
  if (!strings || repetition === 'REPEATED') {
    throw new UserError({
      what: `${file.name}: the column "${field}" does not hold strings`,
      found: logical?.type ?? converted ?? type ?? 'a nested column',
      fix: 'set the field of the source to the column that holds the text',
    });
  }
  const codecs = metadata.row_groups.flatMap((group) =>
    group.columns.flatMap(({ meta_data: data }) => (data?.path_in_schema[0] === field ? [data.codec] : [])),
  );
  const unreadable = codecs.find((codec) => !readable.has(codec));
  if (unreadable === undefined) return;
  throw new UserError({
    what: `${file.name}: its ${unreadable} compression cannot be read`,
    expected: [...readable].join(', '),
    found: unreadable,
    fix:
      unreadable === 'ZSTD'
        ? `use Node 22.15 or newer (this is ${process.version}), or rewrite the file with Snappy compression`
        : 'rewrite the file with Snappy compression',
  });
}
