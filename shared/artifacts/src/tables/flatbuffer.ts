/**
 * @file Checks that bytes are a FlatBuffer of a given shape: that every offset leads into them and every vector and string ends within them, as
 * the format (https://flatbuffers.dev/internals) lays them out. Decoders trust that, and follow whatever a damaged file says.
 */

/** What stands in a field of a table, by the field's number; scalars may be left out. */
export type TableShape = readonly (FieldShape | undefined)[];

export type FieldShape =
  | { is: 'scalar'; bytes: number }
  | { is: 'string' }
  | { is: 'table'; of: () => TableShape }
  /** Structs or scalars that lie one after another. */
  | { is: 'vector'; bytes: number }
  | { is: 'tables'; of: () => TableShape }
  /** A table whose shape follows from the field before, a number. */
  | { is: 'union'; of: (type: number) => TableShape | undefined };

/** Tables within tables, at most: Arrow's deepest are fields within fields. */
const DEPTH = 40;

/** @throws Error when the bytes are no such FlatBuffer */
export function checkFlatbuffer(bytes: Uint8Array, shape: TableShape): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Vectors may share bytes, so that a small file could hold any number of tables; no more are looked at than could be apart.
  const budget = { tables: bytes.byteLength >> 2 };
  return checkTable(view, within(view, readOffset(view, 0), 4), shape, { depth: 0, budget });
}

/** A table that was checked. */
export interface FlatTable {
  /** Where a field's value or offset stands; undefined where the field has its default. */
  at(field: number): number | undefined;
  /** Where the elements of a vector begin, and how many there are. */
  vector(field: number): { at: number; length: number };
  /** Where the table begins that a field leads to. */
  target(field: number): number | undefined;
  view: DataView;
}

function within(view: DataView, at: number, bytes: number): number {
  if (at < 0 || bytes < 0 || at + bytes > view.byteLength) throw new Error('an offset leads out of the metadata');
  return at;
}

function readOffset(view: DataView, at: number): number {
  return at + view.getUint32(within(view, at, 4), true);
}

interface Limits {
  depth: number;
  budget: { tables: number };
}

/** Reads where the fields of a table are, without a look at what they lead to. */
export function openTable(view: DataView, at: number): FlatTable {
  const vtable = within(view, at - view.getInt32(within(view, at, 4), true), 4);
  const [vtableBytes, tableBytes] = [view.getUint16(vtable, true), view.getUint16(vtable + 2, true)];
  within(view, vtable, vtableBytes);
  within(view, at, tableBytes);
  const fieldAt = (field: number): number | undefined => {
    const slot = 4 + 2 * field;
    const offset = slot + 2 <= vtableBytes ? view.getUint16(vtable + slot, true) : 0;
    if (offset >= tableBytes) throw new Error('a field lies outside of its table');
    return offset === 0 ? undefined : at + offset;
  };
  const target = (field: number): number | undefined => {
    const offset = fieldAt(field);
    return offset === undefined ? undefined : readOffset(view, offset);
  };
  return {
    view,
    at: fieldAt,
    target,
    vector(field) {
      const start = target(field);
      return start === undefined ? { at: 0, length: 0 } : { at: start + 4, length: view.getUint32(within(view, start, 4), true) };
    },
  };
}

function checkTable(view: DataView, at: number, shape: TableShape, { depth, budget }: Limits): FlatTable {
  if (depth > DEPTH || budget.tables-- <= 0) throw new Error('metadata that is nested too deep');
  const table = openTable(view, at);
  const deeper = { depth: depth + 1, budget };
  for (const [field, is] of shape.entries()) {
    const position = table.at(field);
    if (position === undefined || is === undefined) continue;
    if (is.is === 'scalar') within(view, position, is.bytes);
    else if (is.is === 'table') checkTable(view, readOffset(view, position), is.of(), deeper);
    else if (is.is === 'union') {
      const type = table.at(field - 1);
      const of = is.of(type === undefined ? 0 : view.getUint8(within(view, type, 1)));
      if (of === undefined) throw new Error('metadata of an unknown type');
      checkTable(view, readOffset(view, position), of, deeper);
    } else {
      const elements = table.vector(field);
      within(view, elements.at, elements.length * (is.is === 'string' ? 1 : is.is === 'tables' ? 4 : is.bytes));
      for (let i = 0; is.is === 'tables' && i < elements.length; i++)
        checkTable(view, readOffset(view, elements.at + 4 * i), is.of(), deeper);
    }
  }
  return table;
}
