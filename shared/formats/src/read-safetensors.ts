/** @file Reads safetensors files: the header once, then tensor by tensor at its place, so that no more than one tensor is in memory. */
import { open, type FileHandle } from 'node:fs/promises';
import { refusePipe, UserError } from '@arrowsmith/errors';
import { LENGTH_BYTES, parseHeader, parseHeaderLength } from './safetensors-header.ts';
import { shortened, shortList } from './shortened.ts';
import { toFloat32, toInt32, type StoredTensor } from './stored-tensor.ts';

/** Linux reads at most 2³¹ − 4096 bytes at once, and Node accepts no more than 2³¹ − 1. */
const READ_BYTES = 2 ** 30;

export interface TensorInfo {
  dtype: StoredTensor['dtype'];
  shape: readonly number[];
}

/** Named tensors in one file or several. Nothing stays open between reads. */
export interface TensorSource {
  /** The texts of `__metadata__`; none where there are several files. */
  metadata: Readonly<Record<string, string>>;
  /** What there is, in the order of the files. */
  tensors: ReadonlyMap<string, TensorInfo>;
  /** @throws UserError when there is no such tensor or the file has become shorter */
  read(name: string): Promise<StoredTensor>;
  /** A tensor of F32, F16, BF16 or F64. @throws UserError as `read`, and for one of integers */
  readFloat32(name: string): Promise<Float32Array>;
  /** A tensor of integers or booleans. @throws UserError as `read`, for one of floats, and for an integer beyond 32 bits */
  readInt32(name: string): Promise<Int32Array>;
}

/**
 * Opens a safetensors file: reads and checks its header.
 * @throws UserError when the file is missing, truncated or not valid; see {@link parseHeader}
 */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const { metadata, tensors } = await withFile(path, async (file) => {
    const { size } = await file.stat();
    const prefix = await readAt(file, 0, Math.min(LENGTH_BYTES, size), path);
    const length = parseHeaderLength(prefix, size, path);
    return parseHeader(await readAt(file, LENGTH_BYTES, length, path), size, path);
  });
  return tensorSource(path, metadata, tensors, async (_, { dtype, shape, start, end }) => {
    const bytes = await withFile(path, (file) => readAt(file, start, end - start, path));
    return { dtype, shape, bytes };
  });
}

/** A source whose `read` finds the tensor's entry and hands it on. */
export function tensorSource<Entry extends TensorInfo>(
  path: string,
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, Entry>,
  readEntry: (name: string, entry: Entry) => Promise<StoredTensor>,
): TensorSource {
  const read = async (name: string): Promise<StoredTensor> => {
    const entry = tensors.get(name);
    if (entry === undefined) throw noSuchTensor(name, path, [...tensors.keys()]);
    return readEntry(name, entry);
  };
  return {
    metadata,
    tensors,
    read,
    readFloat32: async (name) => toFloat32(await read(name), `${path}, tensor ${shortened(name)}`),
    readInt32: async (name) => toInt32(await read(name), `${path}, tensor ${shortened(name)}`),
  };
}

async function withFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  refusePipe(path);
  try {
    file = await open(path);
  } catch (error) {
    throw cannotRead(path, error);
  }
  try {
    return await work(file);
  } catch (error) {
    throw error instanceof UserError ? error : cannotRead(path, error);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, READ_BYTES), position + done);
    if (bytesRead === 0) {
      throw new UserError({
        what: `${path} became shorter while it was read`,
        expected: `at least ${position + length} bytes`,
        found: `${position + done} bytes`,
        fix: 'wait until the file is complete, then run the same command again',
      });
    }
    done += bytesRead;
  }
  return bytes;
}

function cannotRead(path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : message;
  return new UserError(
    { what: `cannot read ${path}`, expected: 'a safetensors file', found, fix: 'check the path' },
    { cause: error },
  );
}

function noSuchTensor(name: string, path: string, names: string[]): UserError {
  const found = shortList(names) || 'no tensors';
  const fix = 'check that this is the file that is meant';
  return new UserError({
    what: `there is no tensor ${shortened(name)}`,
    where: path,
    expected: shortened(name),
    found,
    fix,
  });
}
