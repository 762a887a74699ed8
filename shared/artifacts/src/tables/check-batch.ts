/**
 * @file Whether a record batch that was read holds together: what the Arrow columnar format demands of buffers, lengths and offsets, so that no
 * reader runs past a buffer or through a length that a damaged file claims. Values are not looked at.
 */
import { DataType, type Data, type Field, type RecordBatch } from 'apache-arrow';

/**
 * @param fields of the file's schema: where a column is too short, the decoder fills it up with nulls, and says so in the batch's own schema
 * @throws Error naming the column that does not hold together
 */
export function checkBatch(batch: RecordBatch, fields: readonly Field[]): void {
  for (const [i, { name, nullable }] of fields.entries()) {
    const column = batch.data.children[i];
    if (column === undefined) throw new Error(`column ${name} is missing`);
    if (!nullable && column.nullCount > 0) throw new Error(`column ${name} has nulls, and should have none`);
    checkData(column, batch.numRows, `column ${name}`);
  }
}

/** @param length of the rows that it should have */
function checkData(data: Data, length: number, what: string): void {
  const fail = (why: string): never => {
    throw new Error(`${what}: ${why}`);
  };
  if (data.length !== length) fail(`${data.length} values for ${length} rows`);
  const { nullBitmap, valueOffsets, type } = data;
  for (const [i, field] of ((type as DataType).children ?? []).entries())
    if (!(field as Field).nullable && (data.children[i]?.nullCount ?? 0) > 0) fail('elements are null that should not be');
  if (data.offset !== 0 || data.nullCount < 0 || data.nullCount > length) fail('a number of nulls that cannot be');
  if (data.nullCount > 0 && nullBitmap.byteLength * 8 < length) fail('its nulls are cut off');
  if (length > 0 && data.nullCount === length) return; // what is null everywhere has no values
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    checkOffsets(valueOffsets, length, (data.values as Uint8Array).length, fail);
  } else if (DataType.isList(type)) {
    const child = childOf(data, fail);
    checkOffsets(valueOffsets, length, child.length, fail);
    checkData(child, child.length, what);
  } else if (DataType.isFixedSizeList(type)) {
    const child = childOf(data, fail);
    if (type.listSize < 0 || child.length < length * type.listSize) fail(`${child.length} values for ${length} lists`);
    checkData(child, child.length, what);
  } else if (DataType.isStruct(type)) {
    if (data.children.length !== type.children.length) fail('a field of it is missing');
    for (const child of data.children) checkData(child, length, what);
  } else if (DataType.isBool(type)) {
    if ((data.values as Uint8Array).byteLength * 8 < length) fail('its values are cut off');
  } else if ((data.values as ArrayLike<unknown> | undefined)?.length === undefined || data.values.length < length * data.stride) {
    fail('its values are cut off');
  }
}

function childOf(data: Data, fail: (why: string) => never): Data {
  return data.children[0] ?? fail('its elements are missing');
}

/** Offsets begin at 0 or later, never go back, and end within the values. */
function checkOffsets(offsets: ArrayLike<number>, length: number, values: number, fail: (why: string) => never): void {
  if (length === 0) return;
  if (offsets.length <= length) fail('its offsets are cut off');
  let last = 0;
  for (let i = 0; i <= length; i++) {
    const offset = Number(offsets[i]);
    if (offset < last) fail('its offsets go back');
    last = offset;
  }
  if (last > values) fail('its offsets lead past its values');
}
