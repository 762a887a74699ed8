/** @file Columns for Arrow record batches, built from plain JavaScript values and typed arrays without copying the latter. */
import {
  Binary,
  Bool,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  Int8,
  List,
  makeData,
  RecordBatch,
  type Data,
  type DataType,
  type Schema,
  Struct,
  TimestampMillisecond,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
} from 'apache-arrow';

/** One column of a record batch: its values and how many rows they fill. */
export type Column = Data<DataType>;

type NumericArray =
  Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array | BigInt64Array;

function elementType(values: NumericArray): DataType {
  if (values instanceof Int8Array) return new Int8();
  if (values instanceof Uint8Array) return new Uint8();
  if (values instanceof Uint16Array) return new Uint16();
  if (values instanceof Int32Array) return new Int32();
  if (values instanceof Uint32Array) return new Uint32();
  if (values instanceof Float32Array) return new Float32();
  if (values instanceof BigInt64Array) return new Int64();
  return new Float64();
}

/** A numeric column; the typed array's kind decides the Arrow type. */
export function numbers(values: NumericArray): Column {
  return makeData({ type: elementType(values), length: values.length, nullCount: 0, data: values } as never) as Column;
}

/** A numeric column with nulls: `undefined` becomes null. */
export function optionalNumbers(values: readonly (number | undefined)[]): Column {
  const data = new Float64Array(values.length);
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (const [i, value] of values.entries()) {
    if (value === undefined) nullCount++;
    else {
      data[i] = value;
      nullBitmap[i >> 3]! |= 1 << (i & 7);
    }
  }
  return makeData({ type: new Float64(), length: values.length, nullCount, nullBitmap, data });
}

/** A column of true and false. */
export function booleans(values: readonly boolean[]): Column {
  const data = new Uint8Array(Math.ceil(values.length / 8));
  for (const [i, value] of values.entries()) if (value) data[i >> 3]! |= 1 << (i & 7);
  return makeData({ type: new Bool(), length: values.length, nullCount: 0, data });
}

/** A column of UTF-8 strings. At most 2 GiB of text in one batch (32-bit offsets). */
export function strings(values: readonly string[]): Column {
  const encoded = values.map((value) => Buffer.from(value, 'utf8'));
  const valueOffsets = new Int32Array(values.length + 1);
  for (const [i, value] of encoded.entries()) valueOffsets[i + 1] = valueOffsets[i]! + value.length;
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data: Buffer.concat(encoded) });
}

/** A column of UTF-8 strings with nulls: `undefined` becomes null. */
export function optionalStrings(values: readonly (string | undefined)[]): Column {
  const column = strings(values.map((value) => value ?? ''));
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  for (const [i, value] of values.entries()) if (value !== undefined) nullBitmap[i >> 3]! |= 1 << (i & 7);
  const nullCount = values.filter((value) => value === undefined).length;
  const { length, valueOffsets, values: data } = column;
  return makeData({ type: new Utf8(), length, nullCount, nullBitmap, valueOffsets, data });
}

/** A column of moments, in milliseconds since 1970, UTC. */
export function timestamps(values: readonly number[]): Column {
  const data = BigInt64Array.from(values, BigInt);
  return makeData({ type: new TimestampMillisecond('UTC'), length: values.length, nullCount: 0, data });
}

/** A column of byte strings. */
export function bytes(values: readonly Uint8Array[]): Column {
  const valueOffsets = new Int32Array(values.length + 1);
  for (const [i, value] of values.entries()) valueOffsets[i + 1] = valueOffsets[i]! + value.length;
  return makeData({
    type: new Binary(),
    length: values.length,
    nullCount: 0,
    valueOffsets,
    data: Buffer.concat(values),
  });
}

/** A column of one byte string, as it is: what is large is not copied. */
export function oneBytes(value: Uint8Array): Column {
  return makeData({ type: new Binary(), length: 1, nullCount: 0, valueOffsets: Int32Array.of(0, value.length), data: value });
}

/** A column of lists of equal length: `values` holds `values.length / size` rows one after another. */
export function fixedSizeLists(values: NumericArray, size: number): Column {
  const child = numbers(values);
  const type = new FixedSizeList(size, new Field('item', child.type, false));
  return makeData({ type, length: values.length / size, nullCount: 0, child } as never) as Column;
}

/** A column of lists of numbers of varying length; all rows are of the same typed-array kind. */
export function lists(rows: readonly NumericArray[]): Column {
  const valueOffsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) valueOffsets[i + 1] = valueOffsets[i]! + row.length;
  const Kind = (rows[0]?.constructor ?? Float32Array) as new (length: number) => Float32Array;
  const joined = new Kind(valueOffsets[rows.length]!);
  for (const [i, row] of rows.entries()) joined.set(row as Float32Array, valueOffsets[i]);
  return joinedLists(joined, valueOffsets);
}

/** A column of lists that lie one after the other: row i is values[offsets[i] … offsets[i + 1]), and there is one offset more than rows. */
export function joinedLists(values: NumericArray, offsets: Int32Array): Column {
  const child = numbers(values);
  const type = new List(new Field('item', child.type, false));
  const length = offsets.length - 1;
  return makeData({ type, length, nullCount: 0, valueOffsets: offsets, child } as never) as Column;
}

/**
 * A column of lists of structs.
 * @param type of the column
 * @param lengths of each list
 * @param children the structs' columns, one per field of the struct, by name; all lists one after another
 */
export function structLists(type: List, lengths: readonly number[], children: Record<string, Column>): Column {
  const struct = type.children[0]!.type as Struct;
  const valueOffsets = new Int32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) valueOffsets[i + 1] = valueOffsets[i]! + length;
  const child = makeData({
    type: struct,
    length: valueOffsets.at(-1)!,
    nullCount: 0,
    children: struct.children.map(({ name }) => children[name]!),
  });
  return makeData({ type, length: lengths.length, nullCount: 0, valueOffsets, child } as never) as Column;
}

/**
 * A record batch of `schema` from its columns.
 * @param columns one per field of the schema, by name, all of equal length
 */
export function recordBatch(schema: Schema, columns: Record<string, Column>): RecordBatch {
  const children = schema.fields.map((field) => columns[field.name]!);
  const length = children[0]?.length ?? 0;
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }));
}
