/** @file Any table of this project as plain JavaScript values, for people to look at. */
import { UserError } from '@arrowsmith/errors';
import { openArrowFile, within } from './arrow-file.ts';
import { checkBatch } from './check-batch.ts';
import type { TableMetadata } from './write-arrow.ts';

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
  const { reader, metadata, close } = await openArrowFile(path);
  try {
    const { fields } = reader.schema;
    if (metadata.kind === undefined) throw withoutKind(path);
    if (fields.some(({ type }) => (type.children ?? []).length > 0) || !(await isWanted(metadata))) return undefined;
    const columns: Record<string, PlainValue[]> = Object.fromEntries(fields.map(({ name }) => [name, []]));
    const iterator = reader[Symbol.asyncIterator]();
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => within(path, metadata.kind, () => { throw error; }));
      if (next.done === true) return { metadata, columns };
      const batch = next.value;
      within(path, metadata.kind, () => checkBatch(batch, fields));
      for (const { name } of fields) {
        for (const value of batch.getChild(name)!) {
          columns[name]!.push(typeof value === 'bigint' ? Number(value) : (value as PlainValue));
        }
      }
    }
  } finally {
    await close();
  }
}

function withoutKind(path: string): UserError {
  return new UserError({
    what: `cannot read ${path}`,
    expected: 'a table of this project, whose metadata has a kind',
    found: 'an Arrow file without a kind',
    fix: 'run the stage that writes it again',
  });
}
