/** @file Rows of one context in the making: typed arrays that become a record batch when they are full, and are then used again. */
import { fixedSizeLists, joinedLists, numbers, type Column } from '@arrowsmith/artifacts';

/** Token ids and patches per record batch, in bytes; a row that is larger is a batch of its own. */
const BATCH_BYTES = 64 << 20;

/** What went into the rows of a split. */
export interface RowCount {
  rows: number;
  /** Tokens that count, ends of text among them. */
  tokens: number;
  /** Raw UTF-8 bytes of the tokens that count. */
  bytes: number;
}

export interface RowOptions {
  contextLength: number;
  /** What documents begin with: only of imported models another token than that which ends them. */
  beginOfText: number;
  endOfText: number;
  /** 32-bit ids. */
  wide: boolean;
  /** Raw bytes that each id stands for; 0 for special tokens. */
  byteLengths: Int32Array;
  /** Size of the picture that each row begins with. Default 0: none. */
  patchBytes?: number;
  /** Bytes of ids and patches per record batch. Default 64 MiB. */
  batchBytes?: number;
}

/** A row that grows, behind the finished ones of its batch. */
export interface Rows {
  /** Ids in the growing row. */
  column: number;
  push(id: number): void;
  /** The growing row's picture, patch by patch. */
  picture(patches: Uint8Array): void;
  /** A document begins with the id at this position of the growing row. */
  start(position: number): void;
  /** Finishes the row. @param first the first prediction that counts */
  end(first: number): void;
  /** Whether the batch must be taken before the next row begins. */
  full(): boolean;
  /** The finished rows, in memory that the next row uses again: they must be written by then. An unfinished row is dropped. */
  take(): Record<string, Column>;
  /** Finished rows in the batch. */
  finished(): number;
}

/** @param count is brought up to date with each finished row */
export function createRows(
  { contextLength, wide, byteLengths, patchBytes = 0, batchBytes = BATCH_BYTES }: RowOptions,
  count: RowCount,
): Rows {
  const width = contextLength + 1;
  const capacity = Math.max(1, Math.floor(batchBytes / (width * (wide ? 4 : 2) + patchBytes)));
  const ids = new (wide ? Uint32Array : Uint16Array)(capacity * width); // pages that are not used are not in memory
  const firsts = new Int32Array(capacity);
  const lengths = new Int32Array(capacity);
  const rowBytes = new Int32Array(capacity);
  const pictures = new Uint8Array(capacity * patchBytes);
  let starts = new Int32Array(1024); // of all rows
  const startOffsets = new Int32Array(capacity + 1);
  let row = 0;
  let startCount = 0; // with those of the growing row

  return {
    column: 0,
    push(id) {
      ids[row * width + this.column++] = id;
    },
    picture(patches) {
      pictures.set(patches, row * patchBytes);
    },
    start(position) {
      if (startCount === starts.length) {
        const longer = new Int32Array(2 * startCount);
        longer.set(starts);
        starts = longer;
      }
      starts[startCount++] = position;
    },
    end(first) {
      const from = row * width;
      const end = from + this.column;
      let bytes = 0;
      for (let i = from + first + 1; i < end; i++) bytes += byteLengths[ids[i]!]!;
      ids.fill(0, end, from + width); // padding
      const length = this.column - 1;
      firsts[row] = first;
      lengths[row] = length;
      rowBytes[row] = bytes;
      startOffsets[++row] = startCount;
      count.rows++;
      count.tokens += length - first;
      count.bytes += bytes;
      this.column = 0;
    },
    full: () => row === capacity,
    finished: () => row,
    take() {
      const columns = {
        tokens: fixedSizeLists(ids.subarray(0, row * width), width),
        first: numbers(firsts.subarray(0, row)),
        length: numbers(lengths.subarray(0, row)),
        bytes: numbers(rowBytes.subarray(0, row)),
        starts: joinedLists(starts.subarray(0, startOffsets[row]), startOffsets.subarray(0, row + 1)),
        ...(patchBytes > 0 && { patches: fixedSizeLists(pictures.subarray(0, row * patchBytes), patchBytes) }),
      };
      [row, this.column, startCount] = [0, 0, 0];
      return columns;
    },
  };
}
