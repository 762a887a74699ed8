/** @file Rows of one context in the making: typed arrays that become a record batch when they are full. */
import { fixedSizeLists, lists, numbers, type Column } from '@arrowsmith/artifacts';

/** Token ids per record batch, in bytes; a row that is larger is a batch of its own. */
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
  endOfText: number;
  /** 32-bit ids. */
  wide: boolean;
  /** Raw bytes that each id stands for; 0 for special tokens. */
  byteLengths: Int32Array;
  /** Bytes of ids per record batch. Default 64 MiB. */
  batchBytes?: number;
}

/** A row that grows, behind the finished ones of its batch. */
export interface Rows {
  /** Ids in the growing row. */
  column: number;
  push(id: number): void;
  /** A document begins with the id at this position of the growing row. */
  start(position: number): void;
  /** Finishes the row. @param first the first prediction that counts */
  end(first: number): void;
  /** Whether the batch must be taken before the next row begins. */
  full(): boolean;
  /** The finished rows; an unfinished one is dropped. */
  take(): Record<string, Column>;
  /** Finished rows in the batch. */
  finished(): number;
}

/** @param count is brought up to date with each finished row */
export function createRows(
  { contextLength, wide, byteLengths, batchBytes = BATCH_BYTES }: RowOptions,
  count: RowCount,
): Rows {
  const width = contextLength + 1;
  const capacity = Math.max(1, Math.floor(batchBytes / (width * (wide ? 4 : 2))));
  const allocate = () => ({
    ids: new (wide ? Uint32Array : Uint16Array)(capacity * width), // zeros; pages that are not used are not in memory
    first: new Int32Array(capacity),
    length: new Int32Array(capacity),
    bytes: new Int32Array(capacity),
    starts: [] as Int32Array[],
  });
  let batch = allocate();
  let row = 0;
  let starts: number[] = [];

  return {
    column: 0,
    push(id) {
      batch.ids[row * width + this.column++] = id;
    },
    start(position) {
      starts.push(position);
    },
    end(first) {
      const { ids } = batch;
      const from = row * width;
      let bytes = 0;
      for (let i = from + first + 1; i < from + this.column; i++) bytes += byteLengths[ids[i]!]!;
      const length = this.column - 1;
      batch.first[row] = first;
      batch.length[row] = length;
      batch.bytes[row] = bytes;
      batch.starts.push(Int32Array.from(starts));
      count.rows++;
      count.tokens += length - first;
      count.bytes += bytes;
      row++;
      this.column = 0;
      starts = [];
    },
    full: () => row === capacity,
    finished: () => row,
    take() {
      const { ids, first, length, bytes } = batch;
      const columns = {
        tokens: fixedSizeLists(ids.subarray(0, row * width), width),
        first: numbers(first.subarray(0, row)),
        length: numbers(length.subarray(0, row)),
        bytes: numbers(bytes.subarray(0, row)),
        starts: lists(batch.starts),
      };
      batch = allocate(); // the columns keep the old arrays until they are written
      [row, this.column, starts] = [0, 0, []];
      return columns;
    },
  };
}
