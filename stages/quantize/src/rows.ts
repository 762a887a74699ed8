/** @file The rows of text that the stage looks at. */
import { readLayout, withFile } from '@arrowsmith/artifacts';
import type { InputArtifact } from '@arrowsmith/pipeline/stage';
import { readTokenTable, type TokenTable } from '@arrowsmith/training';

/** A split, and the raw UTF-8 bytes of each of its rows. */
export async function readSplit(
  rows: InputArtifact,
  file: 'train.arrow' | 'validation.arrow',
): Promise<{ rows: TokenTable; bytes: Int32Array }> {
  const path = await rows.file(file);
  const table = await readTokenTable(path);
  const { batches } = await readLayout(path, 'tokens');
  const bytes = new Int32Array(table.rows);
  withFile(path, (readAt) => {
    for (const { firstRow, rows: count, columns } of batches)
      readAt(bytes.subarray(firstRow, firstRow + count), columns.get('bytes')!.position);
  });
  return { rows: table, bytes };
}
