/**
 * @file The file of a matrix in planes, little-endian:
 *
 *     0   the letters BPLN
 *     4   u8 version, u8 layout of numbers (number-layout.ts), u8 flags (FLAGS), u8 pairs of a head that are rotated
 *     8   u32 rows, u32 columns, u32 distinct rows
 *     20  u32 CRC-32 of the 20 bytes before and of the tables
 *     24  tables: of each part a CRC-32 of its bytes, and the size of each of its segments, u32
 *         the parts' bytes, in order
 *
 * Parts, each in segments: of clustered rows the index, a u32 each (channels.ts), and, where they are rotated, how (rotary-part.ts); the rows' bases (as
 * the flags have it); the signs, the heads, then planes from the highest of the tail to the lowest. A segment is of 32,768 numbers, bases, or bytes of
 * index and rotation. It is a frame of Zstandard where that is smaller, and the bytes themselves otherwise. So each beginning that ends with a part is a
 * file of fewer bits.
 *
 * Numbers are those of the rows; of clustered ones, those of the distinct rows [columns, distinct], then the residuals of the others [columns, others],
 * and so are their bases, one for each of a kind's columns.
 *
 * Sizes are checked before there is memory for anything, against what the reader expects: no byte of a file makes its result larger.
 */
import { crc32 } from 'node:zlib';
import { UserError } from '@arrowsmith/errors';
import { type NumberLayout, numberLayouts, restOf } from './number-layout.ts';
import { BLOCK } from './regroup.ts';

/** What is stored, as whoever reads it must know. */
export interface Matrix {
  layout: NumberLayout;
  rows: number;
  columns: number;
}

export const FLAGS = { bases: 1, clustered: 4, interleaved: 8 } as const;

const MAGIC = 0x4e4c5042; // BPLN
const VERSION = 1;
/** Bytes before the tables. */
export const HEADER = 24;

/** One after the other: the raw size of a segment, of the last one, and their number follow from `bytes`. */
export interface Part {
  /** What planes there are of: a number's bit, from the lowest. */
  readonly kind: 'index' | 'rotary' | 'bases' | 'head' | number;
  /** Of all segments, as they are without compression. */
  readonly bytes: number;
  /** Of a segment but the last. */
  readonly segment: number;
}

/** A part whose place is known. */
export interface PlacedPart extends Part {
  readonly crc: number;
  /** Where segments begin, and where the last one ends. */
  readonly offsets: readonly number[];
}

/** What there is of the rows besides their numbers. */
export interface Kind {
  readonly flags: number;
  readonly distinct: number;
  /** Of a head, that are rotated by positions; 0 where none are. */
  readonly pairs: number;
}

export interface Header extends Kind {
  readonly parts: readonly PlacedPart[];
}

/** Bytes of the part `rotary`. */
export const rotaryBytes = (rows: number, pairs: number): number => 4 + 4 * rows + 8 * pairs;

/** What a file of a matrix has, in order. */
export function partsOf({ layout, rows, columns }: Matrix, { flags, pairs }: Kind): Part[] {
  const isClustered = (flags & FLAGS.clustered) !== 0;
  const numbers = rows * columns;
  const { tail, isSigned } = layout;
  const plane = (bit: number): Part => ({ kind: bit, bytes: planeBytes(numbers), segment: BLOCK / 8 });
  return [
    ...(isClustered ? [{ kind: 'index', bytes: 4 * rows, segment: BLOCK } as const] : []),
    ...(pairs === 0 ? [] : [{ kind: 'rotary', bytes: rotaryBytes(rows, pairs), segment: BLOCK } as const]),
    ...((flags & FLAGS.bases) === 0
      ? []
      : [{ kind: 'bases', bytes: isClustered ? 2 * columns : rows, segment: BLOCK } as const]),
    ...(isSigned ? [plane(restOf(layout) - 1)] : []),
    { kind: 'head', bytes: numbers, segment: BLOCK },
    ...Array.from({ length: tail }, (_, i) => plane(tail - 1 - i)),
  ];
}

/** Of so many numbers, whose blocks are whole bytes but the last. */
const planeBytes = (numbers: number): number => Math.ceil(numbers / 8);

const segmentsOf = ({ bytes, segment }: Part): number => Math.ceil(bytes / segment);

/** Bytes of a segment as it is without compression. */
export const rawSize = ({ bytes, segment }: Part, i: number): number => Math.min(segment, bytes - i * segment);

const tableBytes = (parts: readonly Part[]): number => 4 * parts.reduce((sum, part) => sum + 1 + segmentsOf(part), 0);

/** The file of parts that were compressed, by part and segment. */
export function writeContainer(
  { layout, rows, columns }: Matrix,
  { flags, distinct, pairs }: Kind,
  segments: readonly (readonly Uint8Array[])[],
): Uint8Array {
  const tables = 4 * segments.reduce((sum, part) => sum + 1 + part.length, 0);
  const bytes = segments.flat().reduce((sum, { length }) => sum + length, 0);
  const file = new Uint8Array(HEADER + tables + bytes);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  file.set([VERSION, layout.code, flags, pairs], 4);
  [rows, columns, distinct].forEach((value, i) => view.setUint32(8 + 4 * i, value, true));
  let table = HEADER;
  let at = HEADER + tables;
  for (const part of segments) {
    const begin = at;
    const crcAt = table;
    for (const segment of part) {
      view.setUint32((table += 4), segment.length, true);
      file.set(segment, at);
      at += segment.length;
    }
    table += 4;
    view.setUint32(crcAt, crc32(file.subarray(begin, at)), true);
  }
  view.setUint32(20, headerCrc(file, tables), true);
  return file;
}

const headerCrc = (file: Uint8Array, tables: number): number =>
  crc32(file.subarray(HEADER, HEADER + tables), crc32(file.subarray(0, 20)));

/** Bytes of header and tables, as the {@link HEADER} of a file says. @throws UserError as {@link readHeader} */
export function headerBytes(file: Uint8Array, expected: Matrix, where: string): number {
  return HEADER + tableBytes(partsOfFile(file, expected, where).parts);
}

function partsOfFile(file: Uint8Array, expected: Matrix, where: string) {
  if (file.length < HEADER) throw damaged(where, `at least ${HEADER} bytes`, `${file.length}`);
  const view = viewOf(file);
  const u32 = (at: number): number => view.getUint32(at, true);
  const [version, code, flags, pairs] = file.subarray(4, 8) as unknown as [number, number, number, number];
  if (u32(0) !== MAGIC) throw damaged(where, 'planes, which begin with the letters BPLN', hex(file.subarray(0, 4)));
  if (version !== VERSION) throw damaged(where, `planes of version ${VERSION}`, `version ${version}`);
  const known = FLAGS.bases | FLAGS.clustered | FLAGS.interleaved;
  if ((flags & ~known) !== 0) throw damaged(where, 'flags that are known', hex(file.subarray(6, 7)));
  const [rows, columns, distinct] = [u32(8), u32(12), u32(16)];
  const { layout } = expected;
  if (code !== layout.code || rows !== expected.rows || columns !== expected.columns) {
    const name = [...numberLayouts.values()].find((each) => each.code === code)?.name ?? `an unknown format, ${code}`;
    throw damaged(
      where,
      `${expected.rows} × ${expected.columns} numbers of ${layout.name}`,
      `${rows} × ${columns} of ${name}`,
    );
  }
  const isClustered = (flags & FLAGS.clustered) !== 0;
  if (isClustered ? distinct > rows || (rows > 0 && distinct === 0) : distinct !== rows)
    throw damaged(where, `at most ${rows} distinct rows, all where they are not clustered`, `${distinct}`);
  const isRotated = pairs > 0 || (flags & FLAGS.interleaved) !== 0;
  if (isRotated && !(isClustered && layout.isSigned && 2 * pairs <= columns))
    throw damaged(where, 'rotated pairs of clustered floats, as far as there are columns', `${pairs} pairs`);
  const kind = { flags, distinct, pairs };
  return { ...kind, parts: partsOf(expected, kind) };
}

/**
 * Header and tables of a file, checked before anything is made of it.
 *
 * @param file as much of it as there is in memory, header and tables at least
 * @param bytes of the whole file
 * @throws UserError where it is cut off, is of other numbers than expected, or sizes are none
 */
export function readHeader(file: Uint8Array, expected: Matrix, bytes: number, where: string): Header {
  const { parts, ...kind } = partsOfFile(file, expected, where);
  const tables = tableBytes(parts);
  if (HEADER + tables > file.length)
    throw damaged(where, `${HEADER + tables} bytes of header and tables`, `${file.length} bytes`);
  const view = viewOf(file);
  const crc = headerCrc(file, tables);
  if (crc !== view.getUint32(20, true)) throw damaged(where, 'a header with the CRC-32 that it names', 'another');
  let table = HEADER;
  let at = HEADER + tables;
  const placed = parts.map((part): PlacedPart => {
    const ownCrc = view.getUint32(table, true);
    const offsets = [at];
    for (let i = 0; i < segmentsOf(part); i++) {
      const size = view.getUint32((table += 4), true);
      if (size === 0 || size > rawSize(part, i))
        throw damaged(where, `1 to ${rawSize(part, i)} bytes for segment ${i} of ${nameOf(part)}`, `${size}`);
      offsets.push((at += size));
    }
    table += 4;
    return { ...part, crc: ownCrc, offsets };
  });
  if (at !== bytes) throw damaged(where, `${at} bytes`, `${bytes} bytes`);
  return { ...kind, parts: placed };
}

/** @throws UserError where the bytes of a part are not what they were when they were written */
export function checkPart(file: Uint8Array, part: PlacedPart, where: string): void {
  const bytes = file.subarray(part.offsets[0], part.offsets.at(-1));
  if (crc32(bytes) !== part.crc)
    throw damaged(where, `${nameOf(part)} with the CRC-32 that the header names`, 'another');
}

export const nameOf = ({ kind }: Part): string =>
  typeof kind === 'number' ? `the plane of bit ${kind}` : `part ${kind}`;

export const damaged = (where: string, expected: string, found: string, cause?: unknown): UserError =>
  new UserError(
    {
      what: 'numbers in planes cannot be read',
      where,
      expected,
      found,
      fix: 'the file is damaged, or was never one of these: run the stage that writes it again',
    },
    { cause },
  );

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
