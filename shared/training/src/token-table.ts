/** @file Rows of tokens from the table that the stage `chunk` writes. */
import { readBatches, readMetadata } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { Batch, TokenRows } from './data.ts';

/** A split held in memory, at two or four bytes per token. */
export interface TokenTable extends TokenRows {
  vocabularySize: number;
  /** Tokens predicted in all rows together. */
  tokens: number;
  /** Raw UTF-8 bytes that these stand for: the denominator of bits per byte. */
  bytes: number;
}

type Ids = Uint16Array | Uint32Array;

/**
 * Reads a table of kind `tokens`.
 * @throws UserError when the file cannot be read, is of another kind, or has no rows
 */
export async function readTokenTable(path: string): Promise<TokenTable> {
  const metadata = await readMetadata(path, 'tokens');
  const contextLength = Number(metadata['contextLength']);
  const width = contextLength + 1;
  const parts: { ids: Ids; lengths: Int32Array }[] = [];
  const total = { rows: 0, tokens: 0, bytes: 0 };
  for await (const batch of readBatches(path, 'tokens')) {
    const ids = batch.getChild('tokens')!.data[0]!.children[0]!.values as Ids; // [rows × width]
    const lengths = batch.getChild('length')!.toArray() as Int32Array;
    parts.push({ ids: ids.subarray(0, batch.numRows * width), lengths });
    total.rows += batch.numRows;
    for (const length of lengths) total.tokens += length;
    for (const bytes of batch.getChild('bytes')!.toArray() as Int32Array) total.bytes += bytes;
  }
  if (total.rows === 0) {
    throw new UserError({
      what: 'there are no rows of tokens',
      where: path,
      expected: `at least one row of ${contextLength} tokens`,
      fix: 'take more text, or a shorter chunk.contextLength',
    });
  }
  const rowsPerPart = parts[0]!.lengths.length; // all but the last part are full
  const read = async (indices: readonly number[]): Promise<Batch> => {
    const inputs = new Int32Array(indices.length * contextLength);
    const targets = new Int32Array(indices.length * contextLength).fill(-1);
    for (const [i, index] of indices.entries()) {
      const { ids, lengths } = parts[Math.floor(index / rowsPerPart)]!;
      const row = index % rowsPerPart;
      const start = row * width;
      inputs.set(ids.subarray(start, start + contextLength), i * contextLength);
      targets.set(ids.subarray(start + 1, start + 1 + lengths[row]!), i * contextLength);
    }
    return { inputs, targets };
  };
  return { ...total, contextLength, vocabularySize: Number(metadata['vocabularySize']), read };
}
