/**
 * @file Matrices as bit planes, compressed without loss: signs, exponents and each bit of mantissas by themselves (Xie et al. 2025,
 * https://arxiv.org/abs/2503.18869, which does it in a memory controller), exponents relative to their channel's, keys and values clustered across
 * tokens and relative to what their token's first ones predict, each part by Zstandard where that makes it smaller.
 */
import { planesKernels } from '@arrowsmith/backend';
import { indexOf, predictors, referencesOf, transpose, transposeBack } from './channels.ts';
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
import { addBases, basesOf, entropyBits, type Region } from './exponent-deltas.ts';
import { layoutNamed } from './number-layout.ts';
import { BLOCK, type Block, emptyBlock, join, numbersOf, split } from './regroup.ts';
import { addResiduals, subtractPredicted } from './residuals.ts';
import { readRotary, writeRotary } from './rotary-part.ts';
import { type Rotary, rotationsOf } from './rotation.ts';
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

export interface KeysOrValues {
  /** The ids of the rows' tokens: channels are kept together, and of a token that was there before what its row differs by from the first one's. */
  tokens?: ArrayLike<number> | undefined;
  /** Of keys, how they depend on positions. */
  rotary?: Rotary | undefined;
}

export interface PlanesCodec {
  /**
   * The file of a matrix.
   *
   * @param numbers [rows, columns], aligned for numbers
   * @param options of keys and values, whose rows are tokens, and columns channels
   * @throws RangeError where sizes do not go together
   */
  encode(of: PlanesOf, numbers: Uint8Array, options?: KeysOrValues): Uint8Array;
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
    encode: (of, numbers, { tokens, rotary } = {}) => {
      const file = encode(zstandard, matrixOf(of), numbers, { tokens, rotary });
      if (tokens === undefined) return file;
      // As if each token were another, where first ones predict too little.
      const rows = Int32Array.from({ length: of.rows }, (_, row) => row);
      const byThemselves = encode(zstandard, matrixOf(of), numbers, { tokens: rows });
      return byThemselves.length < file.length ? byThemselves : file;
    },
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

function encode(
  zstandard: Zstandard,
  matrix: Matrix,
  bytes: Uint8Array,
  { tokens, rotary }: { tokens?: ArrayLike<number> | undefined; rotary?: Rotary | undefined },
): Uint8Array {
  const { layout, rows, columns } = matrix;
  if (bytes.length !== sizeOf(matrix)) throw new RangeError(`${sizeOf(matrix)} bytes are needed, not ${bytes.length}`);
  if (Math.max(rows, columns) > 0xffff_ffff) throw new RangeError('rows and columns are at most 2³² − 1');
  checkTokens(matrix, tokens, rotary);
  const isClustered = tokens !== undefined && rows > 0;
  const index = isClustered ? indexOf(tokens) : undefined;
  const stored = index === undefined ? undefined : clusteredRows(matrix, bytes, index, rotary);
  const distinct = stored?.distinct ?? rows;
  const regions = isClustered ? clusteredRegions(matrix, distinct) : [{ first: 0, rows, columns }];
  const numbers = numbersOf(layout, stored?.bytes ?? bytes);
  const blocks: Block[] = [];
  const heads = new Uint8Array(numbers.length);
  for (let first = 0; first < numbers.length; first += BLOCK) {
    const block = split(layout, numbers.subarray(first, first + BLOCK));
    heads.set(block.heads.subarray(0, heads.length - first), first);
    blocks.push(block);
  }
  const bases = basesOf(heads, regions);
  if (bases !== undefined) addBases(heads, 0, regions, bases, -1);
  const flags =
    (bases === undefined ? 0 : FLAGS.bases) |
    (isClustered ? FLAGS.clustered : 0) |
    (isClustered && rotary?.interleaved === true ? FLAGS.interleaved : 0);
  const kind = { flags, distinct, pairs: isClustered ? (rotary?.frequencies.length ?? 0) : 0 };
  const rotaryPart = kind.pairs > 0 && rotary !== undefined ? writeRotary(rotary) : undefined;
  const parts = partsOf(matrix, kind);
  const raw = (part: (typeof parts)[number]['kind'], segment: number, size: number): Uint8Array => {
    const from = segment * BLOCK;
    if (part === 'head') return heads.subarray(from, from + size);
    if (part === 'bases') return bases!.subarray(from, from + size);
    if (part === 'rotary') return rotaryPart!.subarray(from, from + size);
    if (part === 'index') return new Uint8Array(index!.buffer, from, size);
    const { planes, words } = blocks[segment]!;
    return planes.subarray(4 * words * part, 4 * words * part + size);
  };
  const segments = parts.map((part) =>
    Array.from({ length: Math.ceil(part.bytes / part.segment) }, (_, i) =>
      smaller(zstandard, raw(part.kind, i, rawSize(part, i))),
    ),
  );
  return writeContainer(matrix, kind, segments);
}

function checkTokens({ layout, rows, columns }: Matrix, tokens?: ArrayLike<number>, rotary?: Rotary): void {
  if (tokens !== undefined && tokens.length !== rows) throw new RangeError(`${rows} rows have ${tokens.length} tokens`);
  if (rotary === undefined) return;
  const { positions, headDim, frequencies } = rotary;
  const pairs = frequencies.length;
  if (tokens === undefined || positions.length !== rows)
    throw new RangeError('rows that are rotated have a token and a position each');
  // As they are stored: another number would come back as another, and with it all that it rotates.
  for (let row = 0; row < rows; row++) {
    const position = positions[row]!;
    if ((position | 0) !== position)
      throw new RangeError(`position ${position} of row ${row} is no integer of 32 bits`);
  }
  if (!layout.isSigned || pairs > 255 || !Number.isInteger(headDim) || 2 * pairs > headDim || columns % headDim !== 0)
    throw new RangeError(`${columns} numbers of ${layout.name} are no heads of ${headDim} with ${pairs} rotated pairs`);
}

/** Rows by channel: [columns, distinct], then what the others differ by from what their token's first row predicts [columns, others]. */
function clusteredRows(
  { layout, rows, columns }: Matrix,
  bytes: Uint8Array,
  index: Uint32Array,
  rotary: Rotary | undefined,
): { bytes: Uint8Array; distinct: number } {
  const distinct = index.filter((each) => each === 0).length;
  const references = referencesOf(index, distinct)!;
  const parts = subtractPredicted(layout, bytes, references, rotationsOf(rotary, predictors(references), columns));
  const stored = new Uint8Array(bytes.length);
  stored.set(transpose(layout, parts.distinct, distinct, columns));
  stored.set(transpose(layout, parts.residuals, rows - distinct, columns), parts.distinct.length);
  return { bytes: stored, distinct };
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
  const { layout, rows, columns } = matrix;
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
  const { distinct } = header;
  const readPart: ReadPart = (part, segment, bytes) => readSegment(zstandard, file, part, segment, bytes, where);
  const index = readWhole(header, 'index', readPart);
  const references = index && referencesOf(new Uint32Array(index.buffer), distinct);
  if (index !== undefined && references === undefined)
    throw damaged(where, `an index of ${distinct} distinct rows`, 'one of others');
  const rotary = rotaryOf(header, matrix, readPart, where);
  const bases = readWhole(header, 'bases', readPart);
  const regions = isClustered ? clusteredRegions(matrix, distinct) : [{ first: 0, rows, columns }];
  const result = to === undefined ? new Uint8Array(sizeOf(matrix)) : new Uint8Array(to);
  if (references === undefined) {
    decodeBlocks(result, { matrix, parts, dropped, bases, regions }, readPart);
    return result;
  }
  // By channel, and then by row.
  const kept = scratch(2 * result.length);
  const [stored, byRow] = [kept.subarray(0, result.length), kept.subarray(result.length)];
  decodeBlocks(stored, { matrix, parts, dropped, bases, regions }, readPart);
  const ofDistinct = (distinct * columns * layout.bits) / 8;
  const kernels = planesKernels();
  const [firsts, residuals] = [byRow.subarray(0, ofDistinct), byRow.subarray(ofDistinct)];
  transposeBack(layout, stored.subarray(0, ofDistinct), distinct, columns, firsts, kernels?.gatherColumns16);
  transposeBack(layout, stored.subarray(ofDistinct), rows - distinct, columns, residuals, kernels?.gatherColumns16);
  const rotations = rotationsOf(rotary, predictors(references), columns);
  addResiduals(layout, { distinct: firsts, residuals }, references, rotations, result, kernels?.addResidualsBf16);
  return result;
}

/** The distinct rows, and the others, each kind by channel. */
const clusteredRegions = ({ rows, columns }: Matrix, distinct: number): Region[] => [
  { first: 0, rows: columns, columns: distinct },
  { first: columns * distinct, rows: columns, columns: rows - distinct },
];

/** @throws UserError where what is rotated are no heads */
function rotaryOf(header: Header, { rows, columns }: Matrix, readPart: ReadPart, where: string): Rotary | undefined {
  const part = readWhole(header, 'rotary', readPart);
  if (part === undefined) return undefined;
  const { pairs, flags } = header;
  const rotary = readRotary(part, { rows, columns, pairs }, (flags & FLAGS.interleaved) !== 0);
  if (rotary === undefined) throw damaged(where, `heads of ${columns} columns with ${pairs} pairs`, 'others');
  return rotary;
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
    regions,
  }: {
    matrix: Matrix;
    parts: readonly PlacedPart[];
    dropped: number;
    bases: Uint8Array | undefined;
    regions: readonly Region[];
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
    if (bases !== undefined) addBases(block.heads.subarray(0, size), first, regions, bases);
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
  kind: 'index' | 'rotary' | 'bases',
  readPart: ReadPart,
): Uint8Array<ArrayBuffer> | undefined {
  const part = parts.find((each) => each.kind === kind);
  if (part === undefined) return undefined;
  const bytes = new Uint8Array(part.bytes);
  for (let i = 0; i < part.offsets.length - 1; i++)
    readPart(part, i, bytes.subarray(i * part.segment, i * part.segment + rawSize(part, i)));
  return bytes;
}
