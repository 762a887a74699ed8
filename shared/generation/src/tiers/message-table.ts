/**
 * @file A message as an Arrow IPC stream of one record batch (https://arrow.apache.org/docs/format/Columnar.html): scalars in the schema's metadata, and
 * columns of integers, of lists of integers, or of vectors.
 */
import { UserError } from '@arrowsmith/errors';
import {
  type Data,
  DataType,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from 'apache-arrow';

/** Vectors of one size, one after the other. */
export interface Vectors {
  size: number;
  values: Float32Array;
}

export interface MessageTable {
  kind: string;
  /** Numbers, and JSON. */
  scalars: Readonly<Record<string, number | string>>;
  integers: Readonly<Record<string, Int32Array>>;
  lists: Readonly<Record<string, readonly Int32Array[]>>;
  vectors: Readonly<Record<string, Vectors>>;
}

/** Collects what is written, without a copy. */
class PartsWriter extends RecordBatchStreamWriter {
  readonly parts: Uint8Array[] = [];

  protected override _write(part: ArrayBufferView): this {
    this.parts.push(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    return this;
  }
}

const item = <T extends DataType>(type: T) => new Field('item', type, false);
const int32 = new Int32();
const float32 = new Float32();

/** The bytes of a message, in parts that are views of its columns. All columns have as many rows. */
export function encodeTable(kind: string, message: Partial<Omit<MessageTable, 'kind'>>): Uint8Array[] {
  const { scalars = {}, integers = {}, lists = {}, vectors = {} } = message;
  const columns: [string, Data][] = [
    ...Object.entries(integers).map(([name, values]): [string, Data] => [name, integerData(values)]),
    ...Object.entries(lists).map(([name, values]): [string, Data] => [name, listData(values)]),
    ...Object.entries(vectors).map(([name, values]): [string, Data] => [name, vectorData(values)]),
  ];
  const metadata = new Map(Object.entries({ kind, ...scalars }).map(([name, value]) => [name, `${value}`]));
  const schema = new Schema(
    columns.map(([name, { type }]) => new Field(name, type, false)),
    metadata,
  );
  const children = columns.map(([, data]) => data);
  const length = children[0]?.length ?? 0;
  const rows = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
  const writer = new PartsWriter();
  writer.reset(undefined, schema);
  writer.write(new RecordBatch(schema, rows));
  writer.finish();
  return writer.parts;
}

const integerData = (data: Int32Array) => makeData({ type: int32, length: data.length, nullCount: 0, data });

function listData(lists: readonly Int32Array[]): Data {
  const valueOffsets = new Int32Array(lists.length + 1);
  for (const [i, list] of lists.entries()) valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + list.length;
  const values = new Int32Array(valueOffsets.at(-1) ?? 0);
  for (const [i, list] of lists.entries()) values.set(list, valueOffsets[i]);
  const type = new List(item(int32));
  return makeData({ type, length: lists.length, nullCount: 0, valueOffsets, child: integerData(values) });
}

function vectorData({ size, values }: Vectors): Data {
  const child = makeData({ type: float32, length: values.length, nullCount: 0, data: values });
  return makeData({ type: new FixedSizeList(size, item(float32)), length: values.length / size, nullCount: 0, child });
}

/** @throws UserError where the bytes are no message, or one with other columns */
export function decodeTable(bytes: Uint8Array): MessageTable {
  try {
    const reader = RecordBatchReader.from(bytes).open();
    const { done, value: batch } = reader.next();
    if (done || batch === undefined) throw new Error('there is no record batch');
    const { kind, ...scalars } = Object.fromEntries(reader.schema.metadata);
    if (kind === undefined) throw new Error('the schema does not say what it is');
    const table = { kind, scalars, integers: {}, lists: {}, vectors: {} } as {
      -readonly [Key in keyof MessageTable]: MessageTable[Key] extends object ? Record<string, unknown> : string;
    };
    for (const [i, { name, type }] of batch.schema.fields.entries()) {
      const data = batch.data.children[i];
      if (data?.length !== batch.numRows || data.nullCount > 0) throw new Error(`the column ${name} has gaps`);
      if (DataType.isInt(type)) table.integers[name] = valuesOf(data, Int32Array, batch.numRows);
      else if (DataType.isList(type)) table.lists[name] = listsOf(data);
      else if (DataType.isFixedSizeList(type)) table.vectors[name] = vectorsOf(data, type.listSize);
      else throw new Error(`the column ${name} is of the type ${type}`);
    }
    return table as unknown as MessageTable;
  } catch (error) {
    throw new UserError({
      what: 'what a process of the other tier says is no message',
      expected: 'an Arrow stream of one record batch',
      found: `${bytes.length} other bytes: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'both tiers have to be of one version; nothing else may write to their connection',
    });
  }
}

function listsOf({ length, valueOffsets, children: [child] }: Data): Int32Array[] {
  if (child === undefined) throw new Error('a list has no items');
  const values = valuesOf(child, Int32Array, child.length);
  return Array.from({ length }, (_, i) => values.subarray(valueOffsets[i], valueOffsets[i + 1]));
}

function vectorsOf({ length, children: [child] }: Data, size: number): Vectors {
  if (child === undefined) throw new Error('a vector has no numbers');
  return { size, values: valuesOf(child, Float32Array, length * size) };
}

function valuesOf<T extends typeof Int32Array | typeof Float32Array>(
  { values }: Data,
  type: T,
  length: number,
): InstanceType<T> {
  if (!(values instanceof type) || values.length < length) throw new Error(`there are no ${length} numbers`);
  return values.subarray(0, length) as InstanceType<T>;
}
