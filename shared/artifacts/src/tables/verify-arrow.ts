/**
 * @file Checks the metadata of an Arrow IPC file before it is decoded: that footer and messages are what the format says (Message.fbs, Schema.fbs,
 * File.fbs of apache/arrow), and that what they claim lies within the file. A damaged file could otherwise send the decoder through billions of
 * elements that are not there. Values are not looked at.
 */
import { checkFlatbuffer, type FieldShape, type FlatTable, openTable, type TableShape } from './flatbuffer.ts';

const scalar = (bytes: number): FieldShape => ({ is: 'scalar', bytes });
const string: FieldShape = { is: 'string' };
const vector = (bytes: number): FieldShape => ({ is: 'vector', bytes });
const tables = (of: () => TableShape): FieldShape => ({ is: 'tables', of });
const table = (of: () => TableShape): FieldShape => ({ is: 'table', of });

const keyValue: TableShape = [string, string];
const keyValues = tables(() => keyValue);
const TIMESTAMP = 10;
const UNION = 14;
/** Types by their number. Those not named hold numbers of at most four bytes. */
const typeShape = (type: number): TableShape | undefined => {
  if (type === TIMESTAMP) return [scalar(2), string];
  if (type === UNION) return [scalar(2), vector(4)];
  return type >= 1 && type <= 26 ? [scalar(1), scalar(1), scalar(1)] : undefined;
};
const dictionary: TableShape = [scalar(8), table(() => [scalar(4), scalar(1)]), scalar(1), scalar(2)];
const fieldShape: TableShape = [
  string,
  scalar(1),
  scalar(1),
  { is: 'union', of: typeShape },
  table(() => dictionary),
  tables(() => fieldShape),
  keyValues,
];
const schema: TableShape = [scalar(2), tables(() => fieldShape), keyValues, vector(8)];
const recordBatch: TableShape = [scalar(8), vector(16), vector(16), table(() => [scalar(1), scalar(1)]), vector(8)];
const dictionaryBatch: TableShape = [scalar(8), table(() => recordBatch), scalar(1)];
const RECORD_BATCH = 3;
const HEADERS: Record<number, TableShape> = { 1: schema, 2: dictionaryBatch, [RECORD_BATCH]: recordBatch };
const message: TableShape = [scalar(2), scalar(1), { is: 'union', of: (type) => HEADERS[type] }, scalar(8), keyValues];
/** Of a block of the footer: offset, length of metadata, padding, length of body. */
const BLOCK_BYTES = 24;
const footer: TableShape = [scalar(2), table(() => schema), vector(BLOCK_BYTES), vector(BLOCK_BYTES), keyValues];

/** Where the bytes of a file are. */
export interface ByteSource {
  size: number;
  read(position: number, length: number): Promise<Uint8Array> | Uint8Array;
}

const MAGIC = 'ARROW1';
/** Length of the footer, and the magic word after it. */
const END_BYTES = 10;
/** Mark and length before a message's metadata. */
const PREFIX_BYTES = 8;

/** @throws Error when the file's metadata is not that of an Arrow file, or claims what is not there */
export async function verifyArrowFile({ size, read }: ByteSource): Promise<void> {
  if (size < 2 * END_BYTES) throw new Error('too short for an Arrow file');
  const end = Buffer.from(await read(size - END_BYTES, END_BYTES));
  if (end.toString('latin1', 4) !== MAGIC) throw new Error(`it does not end with ${MAGIC}`);
  const length = end.readInt32LE(0);
  if (length <= 0 || length > size - END_BYTES) throw new Error('its footer is cut off');
  for (const { offset, metadataBytes, bodyBytes } of blocksOf(await read(size - END_BYTES - length, length))) {
    if (offset < PREFIX_BYTES || metadataBytes < PREFIX_BYTES || bodyBytes < 0 || offset + metadataBytes + bodyBytes > size)
      throw new Error('a record batch lies outside of the file');
    const metadata = await read(offset, metadataBytes);
    const [mark, bytes] = [0, 4].map((at) => Buffer.from(metadata).readInt32LE(at));
    if (mark !== -1 || bytes! <= 0 || bytes! > metadataBytes - PREFIX_BYTES)
      throw new Error('a record batch does not begin where the footer says');
    checkRecordBatch(metadata.subarray(PREFIX_BYTES, PREFIX_BYTES + bytes!), bodyBytes);
  }
}

interface Block {
  offset: number;
  metadataBytes: number;
  bodyBytes: number;
}

function blocksOf(bytes: Uint8Array): Block[] {
  const { view, vector: elements } = checkFlatbuffer(bytes, footer);
  if (elements(2).length > 0) throw new Error('it has dictionaries, which no table of this project has');
  const { at, length } = elements(3);
  return Array.from({ length }, (_, i) => ({
    offset: Number(view.getBigInt64(at + i * BLOCK_BYTES, true)),
    metadataBytes: view.getInt32(at + i * BLOCK_BYTES + 8, true),
    bodyBytes: Number(view.getBigInt64(at + i * BLOCK_BYTES + 16, true)),
  }));
}

/** Checks a message that must be a record batch. @param bodyBytes what follows it */
function checkRecordBatch(bytes: Uint8Array, bodyBytes: number): void {
  const found = checkFlatbuffer(bytes, message);
  const { view } = found;
  const type = found.at(1);
  const header = found.target(2);
  if (type === undefined || view.getUint8(type) !== RECORD_BATCH || header === undefined)
    throw new Error('a message is no record batch');
  if (bodyLength(found) !== bodyBytes) throw new Error('a record batch is not as long as the footer says');
  const batch = openTable(view, header);
  const most = 8 * bodyBytes; // a row takes at least a bit
  const rows = batch.at(0);
  const isCount = (value: number): boolean => value >= 0 && value <= most;
  if (rows !== undefined && !isCount(Number(view.getBigInt64(rows, true)))) throw new Error('a record batch has too many rows');
  const pairs = (field: number): [number, number][] => {
    const { at, length } = batch.vector(field);
    const word = (i: number): number => Number(view.getBigInt64(at + 8 * i, true));
    return Array.from({ length }, (_, i) => [word(2 * i), word(2 * i + 1)]);
  };
  if (!pairs(1).every(([length, nulls]) => isCount(length) && nulls >= 0 && nulls <= length))
    throw new Error('a column has too many values');
  if (!pairs(2).every(([offset, length]) => offset >= 0 && length >= 0 && offset + length <= bodyBytes))
    throw new Error('a buffer lies outside of its record batch');
}

const bodyLength = ({ view, at }: FlatTable): number => {
  const position = at(3);
  return position === undefined ? 0 : Number(view.getBigInt64(position, true));
};

/**
 * How far a file without an end is sound: the bytes of whole record batches from `start` on, where the first message is.
 * @returns where the last one ends
 */
export function soundLength(bytes: Uint8Array, start: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  try {
    for (;;) {
      if (at + PREFIX_BYTES > bytes.length || view.getInt32(at, true) !== -1) return at;
      const metadataBytes = view.getInt32(at + 4, true);
      const body = at + PREFIX_BYTES + metadataBytes;
      if (metadataBytes <= 0 || body > bytes.length) return at;
      const metadata = bytes.subarray(at + PREFIX_BYTES, body);
      const bodyBytes = bodyLength(checkFlatbuffer(metadata, message));
      if (bodyBytes < 0 || body + bodyBytes > bytes.length) return at;
      checkRecordBatch(metadata, bodyBytes);
      at = body + bodyBytes;
    }
  } catch {
    return at;
  }
}
