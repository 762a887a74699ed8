/**
 * @file Reads GGUF files, versions 2 and 3, little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): the header once, then tensor by
 * tensor at its place. Nothing that a header says is believed before it is compared with the size of the file.
 */
import { UserError } from '@arrowsmith/errors';
import { formatNamed } from '@arrowsmith/quantization/formats';
import { type FileCursor, fileCursor, fill, InvalidFile, withFile } from '../file-cursor.ts';
import { shortened, shortList } from '../shortened.ts';
import { formatOfType, GGML_TYPES, nameOfType } from './ggml-types.ts';
import type { FormattedTensor } from './row-operations.ts';

/** The first bytes of a file. */
export const GGUF_MAGIC = 'GGUF';

const A_FILE = 'a GGUF file';

/** Longer headers are an attack: those with the largest vocabularies of today have ten million bytes. */
const LARGEST_HEADER = 128 * 2 ** 20;
/** Of names and keys; ggml allows 64 characters of a tensor's. */
const LONGEST_NAME = 1024;
const LONGEST_TEXT = 16 * 2 ** 20;
/** Of an array in metadata, and eight times what the largest vocabularies have. */
const MOST_ELEMENTS = 2 ** 21;
const MOST_KEYS = 65_536;
const MOST_TENSORS = 65_536;
const MOST_DIMENSIONS = 4;
const LARGEST_ALIGNMENT = 2 ** 20;

/** A value of the metadata; whole numbers of 64 bits are numbers where they are below 2⁵³. */
export type GgufRead = number | bigint | boolean | string | readonly (number | bigint | boolean | string)[];

/** A tensor of a file. */
export interface GgufTensorInfo {
  /** Row-major: the other order than the file's. */
  shape: readonly number[];
  /** Name of a number format of this project. */
  format: string;
  /** Of its data in the file. */
  start: number;
  bytes: number;
}

/** A file that was opened. Nothing stays open between reads. */
export interface GgufFile {
  path: string;
  version: number;
  metadata: ReadonlyMap<string, GgufRead>;
  /** In the order of the file. */
  tensors: ReadonlyMap<string, GgufTensorInfo>;
  /** Reads a tensor. @throws UserError where there is none of that name, and where the file has become shorter */
  read(name: string): FormattedTensor;
}

/**
 * Opens a file: reads and checks its header.
 *
 * @throws UserError for a file that is missing or truncated, for what is not GGUF, for an array of arrays, for a tensor of a type that is not known, and
 *   where names are there twice, or tensors overlap or lie beyond the file
 */
export function openGguf(path: string): GgufFile {
  const header = withFile(path, A_FILE, (descriptor, size) =>
    readHeader(fileCursor(descriptor, size, LARGEST_HEADER), size),
  );
  return {
    path,
    ...header,
    read(name) {
      const info = header.tensors.get(name);
      if (info === undefined) throw noSuchTensor(name, path, [...header.tensors.keys()]);
      return withFile(path, A_FILE, (descriptor) => {
        const bytes = new Uint8Array(info.bytes);
        fill(descriptor, bytes, 0, info.start);
        return { shape: info.shape, format: info.format, bytes };
      });
    },
  };
}

function readHeader(cursor: FileCursor, size: number): Pick<GgufFile, 'version' | 'metadata' | 'tensors'> {
  const magic = cursor.bytes(Math.min(4, size), 'the magic').toString('latin1');
  if (magic !== GGUF_MAGIC) {
    throw new InvalidFile('is no GGUF file', `${JSON.stringify(GGUF_MAGIC)} at its beginning`, JSON.stringify(magic));
  }
  const version = cursor.uint32('the version');
  if (version !== 2 && version !== 3) throw wrongVersion(version);
  const tensorCount = counted(cursor, 'tensors', MOST_TENSORS, 24);
  const keyCount = counted(cursor, 'entries of metadata', MOST_KEYS, 13);
  const metadata = new Map<string, GgufRead>();
  for (let i = 0; i < keyCount; i++) {
    const key = readText(cursor, LONGEST_NAME, 'a key of the metadata');
    if (metadata.has(key)) throw twice('two entries of metadata of one name', key);
    metadata.set(key, readValue(cursor, cursor.uint32(`the type of ${shortened(key)}`), key));
  }
  const places = new Map<string, { shape: number[]; type: number; offset: number }>();
  for (let i = 0; i < tensorCount; i++) {
    const name = readText(cursor, LONGEST_NAME, 'the name of a tensor');
    if (places.has(name)) throw twice('two tensors of one name', name);
    const shape = readShape(cursor, name);
    const type = cursor.uint32(`the type of ${shortened(name)}`);
    places.set(name, { shape, type, offset: cursor.uint64(`the offset of ${shortened(name)}`) });
  }
  const alignment = alignmentOf(metadata);
  const start = Math.ceil(cursor.position() / alignment) * alignment;
  const tensors = new Map<string, GgufTensorInfo>();
  for (const [name, { shape, type, offset }] of places) {
    if (offset % alignment !== 0) throw misplaced(name, `an offset that is a multiple of ${alignment}`, `${offset}`);
    tensors.set(name, placed(name, shape, type, start + offset, size));
  }
  checkOverlap(tensors);
  return { version, metadata, tensors };
}

/** A number of things that each take some bytes at least. */
function counted(cursor: FileCursor, what: string, most: number, bytes: number): number {
  const count = cursor.uint64(`the number of ${what}`);
  if (count * bytes > cursor.left()) {
    throw new InvalidFile(
      'is truncated, or damaged',
      `${count} ${what}, as it says`,
      `${cursor.left()} bytes for them`,
    );
  }
  if (count > most) throw new InvalidFile('has too many ' + what, `at most ${most}`, `${count}`);
  return count;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(cursor: FileCursor, longest: number, what: string): string {
  const length = cursor.uint64(`the length of ${what}`);
  if (length > cursor.left()) {
    throw new InvalidFile(
      'is truncated, or damaged',
      `${length} bytes of ${what}`,
      `${cursor.left()} bytes to the end`,
    );
  }
  if (length > longest) throw new InvalidFile('is damaged', `${what} of at most ${longest} bytes`, `${length} bytes`);
  const bytes = cursor.view(length, what);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new InvalidFile('is damaged', `${what} in UTF-8`, JSON.stringify(bytes.toString('latin1').slice(0, 60)));
  }
}

/** Types of values: their bytes, and how they are read. */
const SCALARS: ReadonlyMap<
  number,
  { bytes: number; read(cursor: FileCursor, what: string): number | bigint | boolean }
> = new Map([
  [0, { bytes: 1, read: (cursor, what) => cursor.uint8(what) }],
  [1, { bytes: 1, read: (cursor, what) => cursor.bytes(1, what).readInt8() }],
  [2, { bytes: 2, read: (cursor, what) => cursor.bytes(2, what).readUInt16LE() }],
  [3, { bytes: 2, read: (cursor, what) => cursor.bytes(2, what).readInt16LE() }],
  [4, { bytes: 4, read: (cursor, what) => cursor.uint32(what) }],
  [5, { bytes: 4, read: (cursor, what) => cursor.int32(what) }],
  [6, { bytes: 4, read: (cursor, what) => cursor.bytes(4, what).readFloatLE() }],
  [7, { bytes: 1, read: readFlag }],
  [10, { bytes: 8, read: (cursor, what) => narrowed(cursor.bytes(8, what).readBigUInt64LE()) }],
  [11, { bytes: 8, read: (cursor, what) => narrowed(cursor.bytes(8, what).readBigInt64LE()) }],
  [12, { bytes: 8, read: (cursor, what) => cursor.bytes(8, what).readDoubleLE() }],
]);
const TEXT = 8;
const ARRAY = 9;

function readFlag(cursor: FileCursor, what: string): boolean {
  const value = cursor.uint8(what);
  if (value > 1) throw new InvalidFile('is damaged', `0 or 1 as ${what}`, `${value}`);
  return value === 1;
}

const narrowed = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

function readValue(cursor: FileCursor, type: number, key: string): GgufRead {
  const what = `the value of ${shortened(key)}`;
  if (type !== ARRAY) return readSingle(cursor, type, what);
  const of = cursor.uint32(`the type of ${shortened(key)}’s elements`);
  if (of === ARRAY) {
    throw new InvalidFile('has an array of arrays', 'arrays of numbers or texts', shortened(key), 'no model needs one');
  }
  const bytes = of === TEXT ? 8 : SCALARS.get(of)?.bytes;
  if (bytes === undefined) throw unknownValue(of, what);
  const count = counted(cursor, `elements of ${shortened(key)}`, MOST_ELEMENTS, bytes);
  const values: (number | bigint | boolean | string)[] = [];
  for (let i = 0; i < count; i++) values.push(readSingle(cursor, of, what));
  return values;
}

function readSingle(cursor: FileCursor, type: number, what: string): number | bigint | boolean | string {
  if (type === TEXT) return readText(cursor, LONGEST_TEXT, what);
  const scalar = SCALARS.get(type);
  if (scalar === undefined) throw unknownValue(type, what);
  return scalar.read(cursor, what);
}

function readShape(cursor: FileCursor, name: string): number[] {
  const what = `the dimensions of ${shortened(name)}`;
  const count = cursor.uint32(what);
  if (count > MOST_DIMENSIONS) throw misplaced(name, `at most ${MOST_DIMENSIONS} dimensions`, `${count}`);
  const shape: number[] = [];
  for (let i = 0; i < count; i++) shape.unshift(cursor.uint64(what));
  if (shape.some((n) => n === 0)) throw misplaced(name, 'dimensions of 1 or more', `[${shape.join(', ')}]`);
  return shape;
}

function alignmentOf(metadata: ReadonlyMap<string, GgufRead>): number {
  const alignment = metadata.get('general.alignment') ?? 32;
  const isRight = typeof alignment === 'number' && Number.isInteger(Math.log2(alignment));
  if (isRight && alignment >= 8 && alignment <= LARGEST_ALIGNMENT) return alignment;
  throw new InvalidFile(
    'is damaged',
    `a power of two from 8 to ${LARGEST_ALIGNMENT} as general.alignment`,
    String(alignment).slice(0, 40),
  );
}

/** Where a tensor lies. @throws InvalidFile for a type that is not known, and a place that is not in the file */
function placed(name: string, shape: readonly number[], type: number, start: number, size: number): GgufTensorInfo {
  const format = formatOfType(type);
  if (format === undefined) {
    throw new InvalidFile(
      `has a tensor of a type that is not supported, ${shortened(name)}`,
      [...GGML_TYPES.keys()].join(', '),
      nameOfType(type),
      'take a file of the model in one of these, such as Q8_0 or Q4_K',
    );
  }
  const { blockSize, bytes: bytesOf } = formatNamed(format);
  const columns = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
  if (columns % blockSize !== 0) {
    throw misplaced(name, `rows of a multiple of ${blockSize} values in ${format}`, `[${shape.join(', ')}]`);
  }
  const bytes = bytesOf(rows, columns);
  if (!Number.isSafeInteger(rows * columns) || !Number.isSafeInteger(start + bytes)) {
    throw misplaced(name, 'a size that numbers can tell', `[${shape.join(', ')}]`);
  }
  if (start + bytes > size) {
    throw new InvalidFile(
      `is truncated, or damaged: tensor ${shortened(name)} ends beyond it`,
      `at least ${start + bytes} bytes`,
      `${size} bytes`,
    );
  }
  return { shape, format, start, bytes };
}

function checkOverlap(tensors: ReadonlyMap<string, GgufTensorInfo>): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.bytes - b.bytes);
  for (const [i, [name, { start }]] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (before === undefined || start >= before[1].start + before[1].bytes) continue;
    const expected = `${shortened(name)} after ${shortened(before[0])}, from ${before[1].start + before[1].bytes} on`;
    throw new InvalidFile('has tensors that overlap', expected, `at ${start}`);
  }
}

function wrongVersion(version: number): InvalidFile {
  const isBig = version === 0x03000000 || version === 0x02000000;
  return new InvalidFile(
    'is of another version of GGUF',
    'version 2 or 3, little-endian',
    isBig ? 'big-endian numbers' : `version ${version}`,
    isBig
      ? 'convert it by gguf-convert-endian of the Python package gguf'
      : 'convert the model anew with a llama.cpp of today',
  );
}

const twice = (problem: string, name: string): InvalidFile =>
  new InvalidFile(`has ${problem}`, 'every name once', `${shortened(JSON.stringify(name))} twice`);

const misplaced = (name: string, expected: string, found: string): InvalidFile =>
  new InvalidFile(`is damaged, at tensor ${shortened(name)}`, expected, shortened(found));

const unknownValue = (type: number, what: string): InvalidFile =>
  new InvalidFile('is damaged', `a known type of ${what}`, `type ${type}`);

function noSuchTensor(name: string, path: string, names: string[]): UserError {
  return new UserError({
    what: `there is no tensor ${shortened(name)}`,
    where: path,
    expected: shortened(name),
    found: shortList(names) || 'no tensors',
    fix: 'check that this is the file that is meant',
  });
}
