/**
 * @file The header of a safetensors file: its length in 8 bytes (little-endian), then JSON that says where each tensor lies. Follows the format
 * section of https://github.com/huggingface/safetensors, and is as strict as it.
 */
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import { shortened } from './shortened.ts';
import { bytesOfShape, dtypes, isDtype, type Dtype } from './dtypes.ts';

/** Bytes before the JSON. */
export const LENGTH_BYTES = 8;

/** The limit of safetensors' own implementation: a longer header is an attack or not a header. */
export const LARGEST_HEADER = 100_000_000;

/** The key that is no tensor's name. */
const METADATA = '__metadata__';

/** Where a tensor lies: `start` and `end` count from the file's first byte. */
export interface TensorPlace {
  dtype: Dtype;
  shape: readonly number[];
  start: number;
  end: number;
}

export interface Header {
  metadata: Readonly<Record<string, string>>;
  /** In the order of the file. */
  tensors: ReadonlyMap<string, TensorPlace>;
}

const size = z.int().min(0);

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});

/**
 * Reads the length that stands before the JSON.
 * @throws UserError when the header is too long, or longer than the file
 */
export function parseHeaderLength(prefix: Uint8Array, fileBytes: number, path: string): number {
  if (prefix.byteLength < LENGTH_BYTES) {
    throw invalid(path, 'is not a safetensors file', `at least ${LENGTH_BYTES} bytes`, `${fileBytes} bytes`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > LARGEST_HEADER) {
    const expected = `a header of at most ${LARGEST_HEADER} bytes`;
    throw invalid(path, 'is not a safetensors file', expected, `a first number that says ${length} bytes`);
  }
  if (LENGTH_BYTES + Number(length) > fileBytes) {
    throw invalid(path, 'is truncated', `a header of ${length} bytes`, `a file of ${fileBytes} bytes in all`);
  }
  return Number(length);
}

/**
 * Reads the JSON of a header and checks it against the file's size.
 * @throws UserError when it is not valid, names a tensor twice, or when tensors overlap, leave gaps, end beyond the file, do not fill their
 *   shape or have an unknown type
 */
export function parseHeader(json: Uint8Array, fileBytes: number, path: string): Header {
  const entries = parseEntries(json, path);
  const base = LENGTH_BYTES + json.byteLength;
  const metadata = parseMetadata(entries.find(([name]) => name === METADATA)?.[1], path);
  const places = entries
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => [name, parseEntry(name, entry, base, fileBytes, path)] as const)
    .sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  checkCoverage(places, base, fileBytes, path);
  return { metadata, tensors: new Map(places) };
}

function parseEntries(json: Uint8Array, path: string): [string, unknown][] {
  let value: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'is not a safetensors file', 'a header of JSON', (error as Error).message);
  }
  if (!isObject(value)) {
    throw invalid(path, 'is not a safetensors file', 'a header with tensors by name', text.slice(0, 40));
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) {
    throw invalid(path, 'has two tensors of one name', 'every name once', `${shortened(JSON.stringify(twice))} twice`);
  }
  return Object.entries(value);
}

/** A key that an object's JSON has twice at its top; `JSON.parse` would keep the last one in silence. */
function repeatedKey(json: string): string | undefined {
  const keys = new Set<string>();
  let depth = 0;
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon !== undefined) {
      const key = JSON.parse(text!) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseMetadata(value: unknown, path: string): Record<string, string> {
  const metadata = value ?? {};
  if (isObject(metadata) && Object.values(metadata).every((text) => typeof text === 'string')) {
    return metadata as Record<string, string>;
  }
  throw invalid(path, `has a wrong ${METADATA}`, 'texts by name', JSON.stringify(value).slice(0, 80));
}

function parseEntry(name: string, entry: unknown, base: number, fileBytes: number, path: string): TensorPlace {
  const where = `${path}, tensor ${shortened(name)}`;
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) {
    const expected = 'a dtype, a shape and two data_offsets';
    throw invalid(where, 'is described wrongly', expected, JSON.stringify(entry).slice(0, 120));
  }
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  if (!isDtype(dtype))
    throw invalid(where, 'has a type that is not known', dtypes.join(', '), shortened(dtype), UNKNOWN_TYPE);
  const [start, end] = [base + offsets[0], base + offsets[1]];
  const expected = bytesOfShape(dtype, shape);
  if (end - start !== expected) {
    const found = `data_offsets [${offsets.join(', ')}]`;
    throw invalid(
      where,
      'does not fill its shape',
      `${expected} bytes for ${dtype} [${shortened(shape.join(', '))}]`,
      found,
    );
  }
  if (end > fileBytes) {
    throw invalid(where, 'ends beyond the file, which is truncated', `at least ${end} bytes`, `${fileBytes} bytes`);
  }
  return { dtype, shape, start, end };
}

/** The format allows no byte that belongs to two tensors or to none. */
function checkCoverage(places: (readonly [string, TensorPlace])[], base: number, fileBytes: number, path: string) {
  let [previous, position] = ['the header', base];
  for (const [name, { start, end }] of places) {
    if (start < position) {
      throw invalid(
        path,
        'has tensors that overlap',
        `${shortened(name)} after ${shortened(previous)}, from ${position}`,
        `${shortened(name)} at ${start}`,
      );
    }
    if (start > position) throw gap(path, start - position, `between ${shortened(previous)} and ${shortened(name)}`);
    [previous, position] = [name, end];
  }
  if (position < fileBytes) throw gap(path, fileBytes - position, `after ${shortened(previous)}`);
}

const gap = (path: string, bytes: number, place: string): UserError =>
  invalid(path, 'has bytes that belong to no tensor', 'tensors without gaps, to the end', `${bytes} bytes ${place}`);

const UNKNOWN_TYPE = 'convert the model to BF16 or F32 first';

function invalid(
  where: string,
  problem: string,
  expected: string,
  found: string,
  fix = 'download or export the file again',
): UserError {
  return new UserError({ what: `${where} ${problem}`, expected, found, fix });
}

/**
 * The first bytes of a file, its tensors in their order there: by falling rank of their type, then by name. They are what safetensors' own
 * implementation writes, padded with spaces so that the tensors begin at a multiple of 8.
 */
export function formatHeader(
  tensors: Readonly<Record<string, { dtype: Dtype; shape: readonly number[] }>>,
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array; names: string[] } {
  const names = Object.keys(tensors).sort(
    (a, b) => dtypes.indexOf(tensors[b]!.dtype) - dtypes.indexOf(tensors[a]!.dtype) || compareUtf8(a, b),
  );
  const members: string[] = [];
  const keys = Object.keys(metadata).sort(compareUtf8);
  const member = (key: string, value: unknown) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  if (keys.length > 0) members.push(`"${METADATA}":{${keys.map((key) => member(key, metadata[key])).join(',')}}`);
  let position = 0;
  for (const name of names) {
    if (name === METADATA) throw new RangeError(`no tensor can be named ${METADATA}`);
    const { dtype, shape } = tensors[name]!;
    const end = position + bytesOfShape(dtype, shape);
    members.push(member(name, { dtype, shape, data_offsets: [position, end] }));
    position = end;
  }
  const json = Buffer.from(`{${members.join(',')}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  const bytes = Buffer.alloc(LENGTH_BYTES + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  json.copy(bytes, LENGTH_BYTES);
  return { bytes, names };
}

const compareUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
