/** @file Apache Parquet: one column of strings, which may lie in structs, or of conversations; read row group by row group. */

import * as zlib from 'node:zlib';
import { setImmediate } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import type { Compressors, SchemaTree } from 'hyparquet';
import type { CorpusFile, ReadOptions } from './corpus-file.ts';
import { listNames, recordText } from './record.ts';
import type { TextField } from './record.ts';
import { decodeUtf8 } from './utf8.ts';

type Decompress = (input: Uint8Array) => Buffer;
type Metadata = Awaited<ReturnType<typeof parquetMetadataAsync>>;

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
 * The documents of one column: of strings, or of lists of turns where the source says how a conversation becomes a text. The
 * field `a.b` is the field `b` of the struct in column `a`, where there is no column of the name `a.b` itself. Memory is
 * bounded by the column's largest row group. Rows that are empty or null are left out and told.
 *
 * @throws {UserError} for a file that is not Parquet or damaged, a column that is missing or not of strings, a compression
 *   that cannot be read, and text that is not UTF-8
 */
export async function* readParquet(file: CorpusFile, text: TextField, options: ReadOptions): AsyncGenerator<string[]> {
  const { signal, onRead, onInvalidUtf8 } = options;
  const rethrow = (error: unknown): never => {
    throw error instanceof UserError ? error : damaged(file, error);
  };
  if (file.cut) {
    throw new UserError({
      what: `${file.name}: the beginning of a Parquet file cannot be read, as its index is at its end`,
      fix: 'leave out firstBytes',
    });
  }
  const buffer = await asyncBufferFromFile(file.path);
  // Without looking for places on the map, which does not end where a column says to have fewer than no children.
  const metadata = await parquetMetadataAsync(buffer, { geoparquet: false }).catch(rethrow);
  // What the metadata says may hold together as little as the rest.
  const column = await checkColumn(file, text, metadata).catch(rethrow);

  const scan = await parquetScan({
    file: buffer,
    metadata,
    columns: [column],
    compressors,
    // Strings stay bytes here, so that decoding can be strict.
    utf8: false,
    parsers: { stringFromBytes: (bytes: Uint8Array) => bytes },
  }).catch(rethrow);
  // Some of what it finds wrong, it throws at once.
  const readRange = async (range: (typeof scan.ranges)[number]) => scan.readColumn({ column, ...range });
  for (const range of scan.ranges) {
    const rows = await readRange(range).catch(rethrow);
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      signal?.throwIfAborted();
      const batch: string[] = [];
      const end = Math.min(at + BATCH_ROWS, rows.length);
      for (let row = at; row < end; row++) {
        const where = `${file.name}, row ${range.rowStart + row + 1}`;
        const decode = (bytes: Uint8Array) =>
          decodeUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), where, 0, onInvalidUtf8);
        const document = recordText({ [column]: decoded(rows[row], decode) }, text, where, options);
        if (document !== undefined) batch.push(document);
      }
      onRead?.(Math.round((file.bytes * (range.rowStart + end)) / Number(metadata.num_rows)));
      yield batch;
      await setImmediate();
    }
  }
}

/** A value with strings in place of their bytes; what is missing is null. */
function decoded(value: unknown, decode: (bytes: Uint8Array) => string): unknown {
  if (value instanceof Uint8Array) return decode(value);
  if (Array.isArray(value)) return value.map((item) => decoded(item, decode));
  if (typeof value !== 'object') return value ?? null;
  return value && Object.fromEntries(Object.entries(value).map(([name, item]) => [name, decoded(item, decode)]));
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

/** @returns the column at the top that has the field in it */
async function checkColumn(file: CorpusFile, { field, conversation }: TextField, metadata: Metadata): Promise<string> {
  const root = parquetSchema(metadata);
  const column = columnOf(root, field);
  if (!column) {
    throw new UserError({
      what: `${file.name}: no column "${field}"`,
      found: listNames(columnNames(root), 'no column', 'the columns '),
      fix: 'set the field of the source to the column that holds the text; a field of a struct is named as struct.field',
    });
  }
  const { type, converted_type: converted, logical_type: logical } = column.element;
  const strings = type === 'BYTE_ARRAY' && (converted ?? 'UTF8') === 'UTF8' && (logical?.type ?? 'STRING') === 'STRING';
  if (conversation === undefined ? !strings || isRepeated(column) : column.children.length === 0) {
    const turns = converted === 'LIST' || logical?.type === 'LIST';
    throw new UserError({
      what: `${file.name}: the column "${field}" does not hold ${conversation === undefined ? 'strings' : 'conversations'}`,
      found: logical?.type ?? converted ?? type ?? `a struct of ${listNames(columnNames(column), 'nothing')}`,
      fix:
        turns && conversation === undefined
          ? 'if its lists are the turns of conversations, set conversation: {} in the source; otherwise set its field to a column that holds text'
          : 'set the field of the source to the column that holds the text',
    });
  }
  const top = column.path[0]!;
  const codecs = metadata.row_groups.flatMap((group) =>
    group.columns.flatMap(({ meta_data: data }) => (data?.path_in_schema[0] === top ? [data.codec] : [])),
  );
  const unreadable = codecs.find((codec) => !readable.has(codec));
  if (unreadable === undefined) return top;
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

/** A column by its name or, where there is none, by a path of names with dots between them. */
function columnOf(root: SchemaTree, field: string): SchemaTree | undefined {
  const child = (tree: SchemaTree | undefined, name: string) =>
    tree?.children.find(({ element }) => element.name === name);
  return child(root, field) ?? field.split('.').reduce<SchemaTree | undefined>(child, root);
}

const isRepeated = ({ element }: SchemaTree): boolean => element.repetition_type === 'REPEATED';

/** Names of the columns with strings or numbers, and of those in structs, with dots between them; lists stand for themselves. */
function columnNames(tree: SchemaTree, prefix = ''): string[] {
  return tree.children.flatMap((column) => {
    const { name, converted_type: converted, logical_type: logical } = column.element;
    const nested =
      column.children.length > 0 && converted === undefined && logical === undefined && !isRepeated(column);
    return nested ? columnNames(column, `${prefix}${name}.`) : [`${prefix}${name}`];
  });
}
