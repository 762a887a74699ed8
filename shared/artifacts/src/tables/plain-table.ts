/** @file Any table of this project as plain JavaScript values, for people to look at. */
import { open } from 'node:fs/promises';
import { RecordBatchReader } from 'apache-arrow';
import type { TableMetadata } from './arrow-file.ts';

export type PlainValue = number | string | boolean | null | Uint8Array;

export interface PlainTable {
  metadata: TableMetadata;
  columns: Record<string, PlainValue[]>;
}

/**
 * Reads a table whole.
 * @param isWanted asked before rows are read
 * @returns undefined when it is not wanted, or has columns of lists or structs, which are data for programs
 * @throws Error when it is missing or no Arrow file of this project
 */
export async function readPlainTable(
  path: string,
  isWanted: (metadata: TableMetadata) => boolean | Promise<boolean>,
): Promise<PlainTable | undefined> {
  const handle = await open(path);
  try {
    const reader = await RecordBatchReader.from(handle);
    await reader.open({ autoDestroy: false });
    const { fields } = reader.schema;
    const metadata = Object.fromEntries(reader.schema.metadata) as TableMetadata;
    if (metadata.kind === undefined) throw new Error('an Arrow file without a kind');
    if (fields.some(({ type }) => (type.children ?? []).length > 0) || !(await isWanted(metadata))) return undefined;
    const columns: Record<string, PlainValue[]> = Object.fromEntries(fields.map(({ name }) => [name, []]));
    for await (const batch of reader) {
      for (const { name } of fields) {
        for (const value of batch.getChild(name)!) {
          columns[name]!.push(typeof value === 'bigint' ? Number(value) : (value as PlainValue));
        }
      }
    }
    return { metadata, columns };
  } finally {
    await handle.close().catch(() => undefined); // the reader may have closed it at the end
  }
}
