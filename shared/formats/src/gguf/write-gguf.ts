/**
 * @file Writes GGUF files, version 3, little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md):
 *
 *     magic "GGUF" · version (uint32) · number of tensors, of metadata (uint64)
 *     metadata: key, type (uint32), value …
 *     tensors: name, number of dimensions (uint32), dimensions (uint64, the shortest stride first), type (uint32), offset (uint64) …
 *     padding to the alignment · the tensors' bytes, each padded to the alignment
 *
 * Equal content gives equal bytes.
 */
import { open } from 'node:fs/promises';
import { GGML_TYPES } from './ggml-types.ts';

/** A value of the metadata: its type, and itself. */
export type GgufValue =
  | { type: 'uint32' | 'int32' | 'float32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'array'; of: 'uint32' | 'int32' | 'float32'; value: readonly number[] }
  | { type: 'array'; of: 'bool'; value: readonly boolean[] }
  | { type: 'array'; of: 'string'; value: readonly string[] };

export type GgufMetadata = Readonly<Record<string, GgufValue>>;

/** A tensor of a file. */
export interface GgufTensor {
  name: string;
  /** Row-major, as everywhere here: the file has the dimensions in the other order. */
  shape: readonly number[];
  /** Name of a number format, a key of {@link GGML_TYPES}. */
  format: string;
  bytes: Uint8Array;
}

export const ALIGNMENT = 32;

const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

/**
 * Writes a file, or writes over it.
 *
 * @throws Error for a format that ggml has not
 */
export async function writeGguf(
  path: string,
  { metadata, tensors }: { metadata: GgufMetadata; tensors: readonly GgufTensor[] },
): Promise<void> {
  const header = headerOf(metadata, tensors);
  const file = await open(path, 'w');
  try {
    await file.writeFile(padded(header));
    for (const { bytes } of tensors) await file.writeFile(padded(bytes));
  } finally {
    await file.close();
  }
}

function headerOf(metadata: GgufMetadata, tensors: readonly GgufTensor[]): Uint8Array {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), uint32(VALUE_TYPES[value.type]), ...valueParts(value));
  let offset = 0;
  for (const { name, shape, format, bytes } of tensors) {
    const type = GGML_TYPES.get(format);
    if (type === undefined) throw new Error(`${name}: ggml has no format ${format}`);
    parts.push(text(name), uint32(shape.length), ...shape.toReversed().map(uint64), uint32(type), uint64(offset));
    offset += aligned(bytes.length);
  }
  return Buffer.concat(parts);
}

function valueParts(value: GgufValue): Buffer[] {
  if (value.type !== 'array') return [scalar(value.type, value.value)];
  return [
    uint32(VALUE_TYPES[value.of]),
    uint64(value.value.length),
    ...value.value.map((each) => scalar(value.of, each)),
  ];
}

function scalar(type: Exclude<keyof typeof VALUE_TYPES, 'array'>, value: number | boolean | string): Buffer {
  const bytes = Buffer.alloc(4);
  switch (type) {
    case 'string':
      return text(String(value));
    case 'bool':
      return Buffer.of(value === true ? 1 : 0);
    case 'float32':
      bytes.writeFloatLE(Number(value));
      return bytes;
    case 'int32':
      bytes.writeInt32LE(Number(value));
      return bytes;
    case 'uint32':
      return uint32(Number(value));
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** UTF-8 behind its length. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

const aligned = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/** With zeros up to the alignment. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(aligned(bytes.length));
  whole.set(bytes);
  return whole;
}
