/** @file The merges of two tokenizers as pairs of texts: their ids follow from rank, so that one merge more changes all that come after. */
import { mergesTable, readBatches, vocabularyTable } from '@arrowsmith/artifacts';
import type { MergesDiff } from './diff.ts';

/** A tokenizer's two tables. */
export interface TokenizerTables {
  merges: string;
  vocabulary: string;
}

/** @throws UserError when a table cannot be read */
export async function diffMerges(tablesA: TokenizerTables, tablesB: TokenizerTables): Promise<MergesDiff> {
  const [a, b] = [await readMerges(tablesA), await readMerges(tablesB)];
  return compareMerges(a, b);
}

/** @param a merges in rank order */
export function compareMerges(a: readonly string[], b: readonly string[]): MergesDiff {
  const [inA, inB] = [new Set(a), new Set(b)];
  const length = Math.max(a.length, b.length);
  let rank = 0;
  while (rank < length && a[rank] === b[rank]) rank++;
  return {
    a: a.length,
    b: b.length,
    added: b.filter((merge) => !inA.has(merge)),
    removed: a.filter((merge) => !inB.has(merge)),
    firstDifference: rank === length ? null : { rank, a: a[rank] ?? null, b: b[rank] ?? null },
  };
}

/** `"th" + "e"` in rank order; bytes that are no characters as `\\x80`. */
async function readMerges({ merges, vocabulary }: TokenizerTables): Promise<string[]> {
  const tokens: string[] = [];
  for await (const batch of readBatches(vocabulary, vocabularyTable.kind)) {
    const column = batch.getChild('bytes')!;
    for (let row = 0; row < batch.numRows; row++) tokens.push(quote(column.get(row) as Uint8Array));
  }
  const pairs: string[] = [];
  for await (const batch of readBatches(merges, mergesTable.kind)) {
    const [left, right] = [batch.getChild('left')!, batch.getChild('right')!];
    for (let row = 0; row < batch.numRows; row++)
      pairs.push(`${tokens[left.get(row) as number]} + ${tokens[right.get(row) as number]}`);
  }
  return pairs;
}

function quote(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return JSON.stringify(text);
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}
