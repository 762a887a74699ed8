/** @file The rows of text that the stage looks at. */
import { readLayout, withFile } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { InputArtifact, StageContext } from '@arrowsmith/pipeline/stage';
import { readTokenTable, type TokenTable } from '@arrowsmith/training';
import type { QuantizeParameters } from './declaration.ts';

/** The rows at the port. @throws UserError where the pipeline file names none */
export function rowsOf({ inputs, step, parameters }: StageContext<QuantizeParameters>): InputArtifact {
  const [rows] = inputs('rows');
  if (rows !== undefined) return rows;
  const asked = parameters.compare === undefined ? `method ${parameters.method}` : 'compare';
  throw new UserError({
    what: `${step}: ${asked} needs rows of text, and the step reads none`,
    where: `the pipeline file, step ${step}`,
    expected: 'the step that cuts the text into rows, among its inputs',
    found: 'a model only',
    fix: `write \`inputs: { rows: chunk }\` in ${step}, or leave ${asked} out`,
  });
}

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
