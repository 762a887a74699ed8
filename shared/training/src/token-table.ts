/** @file Rows of tokens, read at their places in the table that the stage `chunk` writes. */
import { type BatchLayout, type ReadAt, readLayout, readRange, withFile, withinFile } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { VisionConfig } from '@arrowsmith/model';
import type { Batch, TokenRows } from './data.ts';

/** A split on disk. In memory are 8 bytes per row: how much of it counts. */
export interface TokenTable extends TokenRows {
  vision: VisionConfig | null;
  vocabularySize: number;
  /** Tokens that count in all rows together. */
  tokens: number;
  /** Raw UTF-8 bytes that these stand for: the denominator of bits per byte. */
  bytes: number;
}

/** A record batch: where it lies, and which predictions of each row count. */
interface Part extends BatchLayout {
  first: Int32Array;
  lengths: Int32Array;
  /** Documents that begin in the record batches before it. */
  documentsBefore: number;
}

/**
 * Opens a table of kind `tokens`. Rows are read when they are asked for (some microseconds each, where the system has the file cached).
 * @throws UserError when the file cannot be read, is of another kind, or has no rows
 */
export async function readTokenTable(path: string): Promise<TokenTable> {
  const { metadata, batches } = await readLayout(path, 'tokens');
  const contextLength = Number(metadata['contextLength']);
  const width = contextLength + 1;
  const vision = withinFile(path, 'tokens', () => JSON.parse(metadata['vision'] ?? 'null') as VisionConfig | null);
  if (!Number.isSafeInteger(contextLength) || contextLength < 1)
    throw damaged(path, `contextLength ${metadata['contextLength']}`);
  const total = { rows: 0, tokens: 0, bytes: 0 };
  let documents = 0;
  const parts = withFile(path, (readAt) =>
    batches.map((batch): Part => {
      const [first, lengths, bytes] = ['first', 'length', 'bytes'].map((column) => {
        const values = new Int32Array(batch.rows);
        readAt(values, batch.columns.get(column)!.position);
        return values;
      }) as [Int32Array, Int32Array, Int32Array];
      total.rows += batch.rows;
      for (let row = 0; row < batch.rows; row++) {
        if (first[row]! < 0 || lengths[row]! < first[row]! || lengths[row]! > contextLength)
          throw damaged(path, `predictions from ${first[row]} to ${lengths[row]} in row ${batch.firstRow + row}`);
        total.tokens += lengths[row]! - first[row]!;
        total.bytes += bytes[row]!;
      }
      const documentsBefore = documents;
      documents +=
        batch.columns.get('starts.item')!.bytes === 0
          ? 0
          : readRange(path, readAt, batch, 'starts', batch.rows - 1)[1]!;
      return { ...batch, first, lengths, documentsBefore };
    }),
  );
  if (total.rows === 0) {
    throw new UserError({
      what: 'there are no rows of tokens',
      where: path,
      expected: `at least one row of ${contextLength} tokens`,
      fix: 'take more text, or a shorter chunk.contextLength',
    });
  }
  const idBytes = parts[0]!.columns.get('tokens.item')!.bytes / (parts[0]!.rows * width);
  const ids = new (idBytes >= 4 ? Uint32Array : Uint16Array)(width);

  const picture = new Uint8Array(vision === null ? 0 : vision.patches * vision.channels * vision.patchSize ** 2);
  const read = async (indices: readonly number[]): Promise<Batch> =>
    withFile(path, (readAt) => {
      const size = indices.length * contextLength;
      const batch = { inputs: new Int32Array(size), targets: new Int32Array(size), documents: new Int32Array(size) };
      const patches = new Float32Array(indices.length * picture.length);
      batch.targets.fill(-1);
      for (const [i, index] of indices.entries()) {
        const part = partOf(parts, index);
        const row = index - part.firstRow;
        const [first, length] = [part.first[row]!, part.lengths[row]!];
        readAt(ids, part.columns.get('tokens.item')!.position + row * ids.byteLength);
        const at = i * contextLength;
        batch.inputs.set(ids.subarray(0, contextLength), at);
        batch.targets.set(ids.subarray(first + 1, length + 1), at + first);
        const begun = readRange(path, readAt, part, 'starts', row);
        const earlier = part.documentsBefore + begun[0]!;
        numberDocuments(
          batch.documents.subarray(at, at + contextLength),
          readStarts(readAt, part, begun),
          earlier,
          length,
        );
        if (vision === null) continue;
        readAt(picture, part.columns.get('patches.item')!.position + row * picture.length);
        for (const [j, value] of picture.entries()) patches[i * picture.length + j] = value / 127.5 - 1;
      }
      return vision === null ? batch : { ...batch, patches };
    });
  return { ...total, contextLength, vision, vocabularySize: Number(metadata['vocabularySize']), read };
}

/** The record batch that holds a row: all but the last are of one size, or nearly, but the search does not rely on it. */
function partOf(parts: readonly Part[], row: number): Part {
  let [low, high] = [0, parts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (parts[middle]!.firstRow <= row) low = middle;
    else high = middle - 1;
  }
  return parts[low]!;
}

function damaged(path: string, found: string): UserError {
  return new UserError({
    what: `cannot read ${path}`,
    expected: 'rows of tokens, as the stage chunk writes them',
    found,
    fix: 'run the stage that writes it again',
  });
}

/** The input positions at which documents begin in a row. */
function readStarts(readAt: ReadAt, { columns }: Part, range: readonly number[]): Int32Array {
  const starts = new Int32Array(range[1]! - range[0]!);
  if (starts.length > 0) readAt(starts, columns.get('starts.item')!.position + 4 * range[0]!);
  return starts;
}

/**
 * Numbers the documents of a row as they follow each other in the split; padding is −1.
 * @param earlier documents that begin in earlier rows; the last of them goes on until the first start
 */
function numberDocuments(documents: Int32Array, starts: Int32Array, earlier: number, length: number): void {
  let begun = 0;
  for (let position = 0; position < documents.length; position++) {
    if (starts[begun] === position) begun++;
    documents[position] = position < length ? earlier + begun - 1 : -1;
  }
}
