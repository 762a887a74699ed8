/**
 * @file Matrices as bit planes, compressed without loss: signs, exponents and each bit of mantissas by themselves (Xie et al. 2025,
 * https://arxiv.org/abs/2503.18869, which does it in a memory controller), exponents relative to their channel's, keys and values clustered across
 * tokens, each part by Zstandard where that makes it smaller.
 */
import { planesKernels } from '@arrowsmith/backend';
import { cluster, resolveIndex, scatter } from './channels.ts';
import {
  checkPart,
  damaged,
  FLAGS,
  HEADER,
  type Header,
  headerBytes,
  type Matrix,
  nameOf,
  partsOf,
  type PlacedPart,
  rawSize,
  readHeader,
  writeContainer,
} from './container.ts';
import { addBases, entropyBits, rowBases } from './exponent-deltas.ts';
import { layoutNamed } from './number-layout.ts';
import { BLOCK, type Block, emptyBlock, join, numbersOf, split } from './regroup.ts';
import { loadZstandard, type Zstandard } from './zstandard.ts';

/** What is stored, as whoever reads it must know. */
export interface PlanesOf {
  /** Of `numberLayouts`. */
  format: string;
  rows: number;
  columns: number;
}

/** Where the bytes of a file come from. */
export interface PlanesSource {
  /** Bytes of the file. */
  bytes: number;
  /** Reads the first so many bytes of it. */
  beginning(length: number): Uint8Array;
  /** For errors. */
  where: string;
}

export interface PlanesCodec {
  /**
   * The file of a matrix.
   *
   * @param numbers [rows, columns], aligned for numbers
   * @param clustered whether rows are tokens and columns channels, so that channels are kept together, and rows that are equal once
   */
  encode(of: PlanesOf, numbers: Uint8Array, options?: { clustered?: boolean }): Uint8Array;
  /**
   * The numbers of a file, bit by bit; or of its top planes.
   *
   * @param tailBits how many bits of each number's tail, the mantissa, are read; all by default
   * @param to memory that they are put in, exactly as much as they take; new by default
   * @throws UserError where the file is damaged, or of another matrix than expected: before memory is taken for its numbers, as far as sizes and
   *   checksums tell
   */
  decode(
    of: PlanesOf,
    file: PlanesSource,
    options?: { tailBits?: number | undefined; to?: ArrayBuffer | undefined },
  ): Uint8Array;
}

/** Loads what planes are compressed with. */
export async function planesCodec(): Promise<PlanesCodec> {
  const zstandard = await loadZstandard();
  let kept = new ArrayBuffer(0);
  /** Memory that is used again: the system takes as long to give it as decoding takes. */
  const scratch = (bytes: number): Uint8Array<ArrayBuffer> => {
    if (kept.byteLength < bytes) kept = new ArrayBuffer(bytes);
    return new Uint8Array(kept, 0, bytes);
  };
  return {
    encode: (of, numbers, { clustered = false } = {}) => encode(zstandard, matrixOf(of), numbers, clustered),
    decode: (of, file, options = {}) => decode({ zstandard, scratch }, matrixOf(of), file, options),
  };
}

/** A file in memory. */
export const fileInMemory = (bytes: Uint8Array, where = 'planes in memory'): PlanesSource => ({
  bytes: bytes.length,
  beginning: (length) => bytes.subarray(0, length),
  where,
});

const matrixOf = ({ format, rows, columns }: PlanesOf): Matrix => ({ layout: layoutNamed(format), rows, columns });

const sizeOf = ({ layout, rows, columns }: Matrix): number => (rows * columns * layout.bits) / 8;

function encode(zstandard: Zstandard, matrix: Matrix, bytes: Uint8Array, isClustered: boolean): Uint8Array {
  const { layout, rows, columns } = matrix;
  if (bytes.length !== sizeOf(matrix)) throw new RangeError(`${sizeOf(matrix)} bytes are needed, not ${bytes.length}`);
  if (Math.max(rows, columns) > 0xffff_ffff) throw new RangeError('rows and columns are at most 2³² − 1');
  const clustered = isClustered ? cluster(layout, bytes, rows, columns) : undefined;
  const { bytes: stored, distinct } = clustered ?? { bytes, distinct: rows };
  const numbers = numbersOf(layout, stored);
  const blocks: Block[] = [];
  const heads = new Uint8Array(numbers.length);
  for (let first = 0; first < numbers.length; first += BLOCK) {
    const block = split(layout, numbers.subarray(first, first + BLOCK));
    heads.set(block.heads.subarray(0, heads.length - first), first);
    blocks.push(block);
  }
  const shape = isClustered ? ([columns, distinct] as const) : ([rows, columns] as const);
  const bases = rowBases(heads, ...shape);
  if (bases !== undefined) addBases(heads, 0, shape[1], bases, -1);
  const flags = (bases === undefined ? 0 : FLAGS.bases) | (isClustered ? FLAGS.clustered : 0);
  const parts = partsOf(matrix, flags, distinct);
  const raw = (kind: (typeof parts)[number]['kind'], segment: number, size: number): Uint8Array => {
    const from = segment * BLOCK;
    if (kind === 'head') return heads.subarray(from, from + size);
    if (kind === 'bases') return bases!.subarray(from, from + size);
    if (kind === 'index') return new Uint8Array(clustered!.index.buffer, from, size);
    const { planes, words } = blocks[segment]!;
    return planes.subarray(4 * words * kind, 4 * words * kind + size);
  };
  const segments = parts.map((part) =>
    Array.from({ length: Math.ceil(part.bytes / part.segment) }, (_, i) =>
      smaller(zstandard, raw(part.kind, i, rawSize(part, i))),
    ),
  );
  return writeContainer(matrix, { flags, distinct }, segments);
}

/** A frame where that is smaller. Bytes that are next to random are not tried: Zstandard would search them for long, and find nothing. */
function smaller(zstandard: Zstandard, bytes: Uint8Array): Uint8Array {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]!++;
  if (entropyBits(counts) > RANDOM * 8 * bytes.length) return bytes;
  const frame = zstandard.compress(bytes);
  return frame.length < bytes.length ? frame : bytes;
}

/** The share of 8 bits that bytes' entropy must have to count as random. */
const RANDOM = 0.98;

function decode(
  { zstandard, scratch }: { zstandard: Zstandard; scratch: (bytes: number) => Uint8Array },
  matrix: Matrix,
  source: PlanesSource,
  { tailBits, to }: { tailBits?: number | undefined; to?: ArrayBuffer | undefined },
): Uint8Array {
  const { layout, columns } = matrix;
  const { where } = source;
  if (tailBits !== undefined && !(Number.isInteger(tailBits) && tailBits >= 0 && tailBits <= layout.tail))
    throw new RangeError(`numbers of ${layout.name} have 0 to ${layout.tail} bits below the head, not ${tailBits}`);
  if (to !== undefined && to.byteLength !== sizeOf(matrix))
    throw new RangeError(`memory of ${sizeOf(matrix)} bytes is needed, not ${to.byteLength}`);
  const dropped = layout.tail - (tailBits ?? layout.tail);
  const isRead = ({ kind }: PlacedPart): boolean => typeof kind === 'string' || kind >= dropped;

  const tables = headerBytes(source.beginning(Math.min(HEADER, source.bytes)), matrix, where);
  const header = readHeader(source.beginning(Math.min(tables, source.bytes)), matrix, source.bytes, where);
  const parts = header.parts.filter(isRead);
  const file = source.beginning(parts.at(-1)!.offsets.at(-1)!);
  for (const part of parts) checkPart(file, part, where);

  const isClustered = (header.flags & FLAGS.clustered) !== 0;
  const readPart: ReadPart = (part, segment, bytes) => readSegment(zstandard, file, part, segment, bytes, where);
  const numbers = readIndex(header, readPart, where);
  const bases = readWhole(header, 'bases', readPart);
  const rowLength = isClustered ? header.distinct : columns;
  const result = to === undefined ? new Uint8Array(sizeOf(matrix)) : new Uint8Array(to);
  const stored = numbers === undefined ? result : scratch((header.distinct * columns * layout.bits) / 8);
  decodeBlocks(stored, { matrix, parts, dropped, bases, rowLength }, readPart);
  if (numbers !== undefined)
    scatter(
      layout,
      { bytes: stored, distinct: header.distinct, numbers },
      columns,
      result,
      planesKernels()?.gatherColumns16,
    );
  return result;
}

type ReadPart = (part: PlacedPart, segment: number, to: Uint8Array) => void;

/** Numbers of their blocks, one after the other: a block's parts are in memory, and no others. */
function decodeBlocks(
  stored: Uint8Array,
  {
    matrix: { layout },
    parts,
    dropped,
    bases,
    rowLength,
  }: {
    matrix: Matrix;
    parts: readonly PlacedPart[];
    dropped: number;
    bases: Uint8Array | undefined;
    rowLength: number;
  },
  readPart: ReadPart,
): void {
  const count = (8 * stored.length) / layout.bits;
  const kernel = planesKernels()?.joinPlanes;
  const whole = emptyBlock(layout, Math.min(BLOCK, count));
  for (let first = 0; first < count; first += BLOCK) {
    const size = Math.min(BLOCK, count - first);
    const block = size === BLOCK || first === 0 ? whole : emptyBlock(layout, size);
    for (const part of parts) {
      const raw = rawSize(part, first / BLOCK);
      if (part.kind === 'head') readPart(part, first / BLOCK, block.heads.subarray(0, raw));
      else if (typeof part.kind === 'number') {
        const at = 4 * block.words * part.kind;
        readPart(part, first / BLOCK, block.planes.subarray(at, at + raw));
      }
    }
    if (bases !== undefined) addBases(block.heads.subarray(0, size), first, rowLength, bases);
    const at = (first * layout.bits) / 8;
    const bytes = (size * layout.bits) / 8;
    if (size % 32 === 0) {
      join(layout, block, dropped, stored.subarray(at, at + bytes), kernel);
    } else {
      const padded = new Uint8Array(4 * block.words * layout.bits);
      join(layout, block, dropped, padded, kernel);
      stored.set(padded.subarray(0, bytes), at);
    }
  }
}

function readSegment(
  zstandard: Zstandard,
  file: Uint8Array,
  part: PlacedPart,
  segment: number,
  to: Uint8Array,
  where: string,
): void {
  const bytes = file.subarray(part.offsets[segment], part.offsets[segment + 1]);
  if (bytes.length === to.length) {
    to.set(bytes);
    return;
  }
  try {
    to.set(zstandard.decompress(bytes, to.length));
  } catch (cause) {
    throw damaged(
      where,
      `a frame of Zstandard with ${to.length} bytes in segment ${segment} of ${nameOf(part)}`,
      (cause as Error).message,
      cause,
    );
  }
}

/** A part as it is without compression; undefined where the file has none of that kind. */
function readWhole(
  { parts }: Pick<Header, 'parts'>,
  kind: 'index' | 'bases',
  readPart: ReadPart,
): Uint8Array<ArrayBuffer> | undefined {
  const part = parts.find((each) => each.kind === kind);
  if (part === undefined) return undefined;
  const bytes = new Uint8Array(part.bytes);
  for (let i = 0; i < part.offsets.length - 1; i++)
    readPart(part, i, bytes.subarray(i * part.segment, i * part.segment + rawSize(part, i)));
  return bytes;
}

/** @throws UserError where a row is of none of the distinct ones */
function readIndex(
  { distinct, ...header }: Header,
  readPart: ReadPart,
  where: string,
): Uint32Array<ArrayBuffer> | undefined {
  const words = readWhole(header, 'index', readPart);
  if (words === undefined) return undefined;
  const numbers = resolveIndex({ index: new Uint32Array(words.buffer), distinct });
  if (numbers === undefined) throw damaged(where, `an index of ${distinct} distinct rows`, 'one of others');
  return numbers;
}
